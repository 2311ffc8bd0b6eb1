// The commands that a program's process obeys.  A further header adds its own by a line
//     inline const Registered optimise("optimise", run_optimise);
#ifndef HARNESS_COMMANDS_HPP
#define HARNESS_COMMANDS_HPP

#include "session.hpp"

namespace harness {

using Command = Message (*)(Session&, const Request&);

inline std::map<std::string, Command>& commands() {
  static std::map<std::string, Command> all;
  return all;
}
struct Registered {
  Registered(const char* name, Command command) { commands()[name] = command; }
};

inline Form form_of(const Request& request) {
  return {request.integer("jacobian", 1) != 0, request.integer("propto") != 0};
}
inline Beside beside_of(const Request& request) {
  return {request.integer("transformed") != 0, request.integer("generated") != 0};
}
inline Vector column(const std::vector<double>& numbers, std::size_t from, int size) {
  return Eigen::Map<const Vector>(numbers.data() + from, size);
}
inline void put(const Vector& values, double* to) { std::copy(values.data(), values.data() + values.size(), to); }

inline std::string lines(const std::vector<std::string>& names) {
  std::string text = "ok failed=0\n";
  for (const std::string& name : names) {
    text += name + "\n";
  }
  return text;
}

// Names on a scale, one a line.
inline Message tell_names(Session& session, const Request& request) {
  const Scale scale = request.integer("unconstrained") ? Scale::unconstrained : Scale::constrained;
  return {lines(session.target.names(scale, beside_of(request))), {}};
}

// Axes, one a line: size and name.
inline Message tell_axes(Session& session, const Request&) {
  std::vector<std::string> told;
  for (int axis = 0; axis < session.target.n_axes(); ++axis) {
    told.push_back(std::to_string(session.target.axis_size(axis)) + " " + session.target.axis_name(axis));
  }
  return {lines(told), {}};
}

// Values of a function of points, `size` numbers for each, `given` numbers from each; not a number where it throws.
using Evaluate = std::function<void(int i, std::size_t from, double* to, std::ostream& told)>;

inline Message map_points(Session& session, const Request& request, int given, int size, const Evaluate& evaluate) {
  const int n = request.integer("n");
  if (n < 0 || std::size_t(n) * given != request.numbers.size()) {
    throw std::invalid_argument("the points have not " + std::to_string(given) + " numbers each");
  }
  Message reply{"", std::vector<double>(std::size_t(n) * size, not_a_number)};
  Account account;
  each(session, n, request.integer("threads", 1), account, [&]() -> Work {
    return [&](int i, std::ostream& told) {
      evaluate(i, std::size_t(i) * given, reply.numbers.data() + std::size_t(i) * size, told);
    };
  });
  reply.text = account.reply();
  return reply;
}

// Log density at each point, then its gradient there, where rows are read from files: once for all points.
inline Message sum_over_files(Session& session, const Request& request, bool with_gradient) {
  const Target& target = session.target;
  const int d = target.dimension(), axis = target.axis_in_files(), n = request.integer("n");
  const std::size_t size = with_gradient ? 1 + d : 1;
  if (n < 0 || std::size_t(n) * d != request.numbers.size()) {
    throw std::invalid_argument("the points have not " + std::to_string(d) + " numbers each");
  }
  const std::unique_ptr<View> view = target.view(axis);
  const Form form = form_of(request);
  Told buffer;
  std::ostream told(&buffer);
  std::vector<std::string> causes(n);
  // adds what a block has, less what is given
  const auto add = [&](Block* block, const std::vector<double>& less, std::vector<double>& sums) {
    Vector slope;
    for (int i = 0; i < n; ++i) {
      try {
        const Vector at = column(request.numbers, std::size_t(i) * d, d);
        sums[i * size] += view->density(block, at, with_gradient ? &slope : nullptr, form, &told) - less[i * size];
        for (std::size_t k = 1; k < size; ++k) {
          sums[i * size + k] += slope[k - 1] - less[i * size + k];
        }
      } catch (const std::exception& e) {
        causes[i] = e.what();
      }
    }
  };
  const std::vector<double> nothing(n * size, 0.0);
  std::vector<double> without = nothing;
  add(nullptr, nothing, without);
  Message reply{"", without};
  target.for_chunks(axis, [&](Block& chunk) { add(&chunk, without, reply.numbers); });
  Account account;
  for (int i = 0; i < n; ++i) {
    if (!causes[i].empty()) {
      account.add(causes[i]);
      std::fill_n(reply.numbers.begin() + i * size, size, not_a_number);
    }
  }
  account.add_printed(buffer.text());
  reply.text = account.reply();
  return reply;
}

// Log density at each point, then its gradient there.
inline Message run_density(Session& session, const Request& request) {
  const int d = session.target.dimension();
  const bool with_gradient = request.integer("gradient") != 0;
  if (session.target.axis_in_files() >= 0) {
    return sum_over_files(session, request, with_gradient);
  }
  return map_points(session, request, d, with_gradient ? 1 + d : 1,
                    [&](int, std::size_t from, double* to, std::ostream& told) {
                      Vector slope;
                      to[0] = session.target.density(column(request.numbers, from, d),
                                                     with_gradient ? &slope : nullptr, form_of(request), &told);
                      put(slope, to + 1);
                    });
}

// The Hessian times a vector; of each point its coordinates, then the vector's.
inline Message run_curvature(Session& session, const Request& request) {
  const int d = session.target.dimension();
  return map_points(session, request, 2 * d, d, [&](int, std::size_t from, double* to, std::ostream& told) {
    put(session.target.curvature(column(request.numbers, from, d), column(request.numbers, from + d, d),
                                 form_of(request), &told),
        to);
  });
}

inline Message run_constrain(Session& session, const Request& request) {
  const int d = session.target.dimension();
  const Beside beside = beside_of(request);
  const int size = session.target.names(Scale::constrained, beside).size();
  const unsigned int seed = static_cast<unsigned int>(request.number("seed", 1));
  return map_points(session, request, d, size, [&](int i, std::size_t from, double* to, std::ostream& told) {
    put(session.target.constrain(column(request.numbers, from, d), beside, seed + i, &told), to);
  });
}

inline Message run_unconstrain(Session& session, const Request& request) {
  const int size = session.target.names(Scale::constrained, {}).size();
  return map_points(session, request, size, session.target.dimension(),
                    [&](int, std::size_t from, double* to, std::ostream& told) {
                      put(session.target.unconstrain(column(request.numbers, from, size), &told), to);
                    });
}

inline const Registered names_command("names", tell_names), axes_command("axes", tell_axes),
    density_command("density", run_density), curvature_command("curvature", run_curvature),
    constrain_command("constrain", run_constrain), unconstrain_command("unconstrain", run_unconstrain);

}  // namespace harness

#endif
