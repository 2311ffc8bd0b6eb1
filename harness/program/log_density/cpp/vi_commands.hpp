// The command that fits a Gaussian by ADVI.
#ifndef HARNESS_VI_COMMANDS_HPP
#define HARNESS_VI_COMMANDS_HPP

#include "ascent.hpp"
#include "commands.hpp"

namespace harness {

inline void append(std::vector<double>& to, const double* from, Eigen::Index size) {
  to.insert(to.end(), from, from + size);
}

// Numbers: ELBO, its error, distance, its error, passes over the rows, seconds of the start; the mean; the covariance: sds, or the variances
// of the diagonal and the factor, or the Cholesky factor, by columns; six numbers for each line of the trace.
inline Message run_ascent(Session& session, const Request& request) {
  Settings settings;
  settings.family = static_cast<Family>(request.integer("family"));
  const int d = session.target.dimension();
  settings.rank = std::max(1, std::min(request.integer("rank", 1), d - 1));
  if (settings.family == Family::low_rank && d == 1) {
    settings.family = Family::mean_field;
  }
  settings.leading = request.integer("leading", 1) != 0;
  settings.tolerance = request.number("tolerance", settings.tolerance);
  settings.max_passes = request.number("passes", settings.max_passes);
  settings.radius = request.number("radius", settings.radius);
  settings.seed = static_cast<unsigned int>(request.number("seed", 1));
  const int batch = request.integer("batch");
  Account account;
  Message reply;
  {
    Evidence evidence(session.target, batch > 0 ? session.axis_of(request) : -1, batch, request.integer("fresh") != 0,
                      account, settings.seed);
    const Directions directions = request.numbers.empty() ? Directions() : Directions(request.numbers, d);
    Ascent ascent(evidence, settings, directions);
    ascent.run();
    const Gaussian& q = ascent.q;
    const Trace last = ascent.trace.empty() ? Trace{0, not_a_number, not_a_number, INFINITY, 0, 0} : ascent.trace.back();
    reply.numbers = {last.elbo, last.elbo_error, ascent.distance, ascent.distance_error, evidence.passes(),
                     ascent.start_time_s};
    append(reply.numbers, q.mean.data(), d);
    if (q.family() == Family::mean_field) {
      append(reply.numbers, q.sd().data(), d);
    } else if (q.family() == Family::low_rank) {
      append(reply.numbers, q.low_rank().diagonal.data(), d);
      append(reply.numbers, q.low_rank().factor.data(), q.low_rank().factor.size());
    } else {
      append(reply.numbers, q.factor().data(), q.factor().size());
    }
    for (const Trace& line : ascent.trace) {
      append(reply.numbers, &line.passes, 6);
    }
    reply.text = " end=" + std::to_string(static_cast<int>(ascent.end)) + " family="
                 + std::to_string(static_cast<int>(q.family())) + " rank=" + std::to_string(settings.rank)
                 + " iterations=" + std::to_string(ascent.n_iterations)
                 + " lines=" + std::to_string(ascent.trace.size());
  }
  std::string told = account.reply();
  reply.text = told.insert(told.find('\n'), reply.text);
  return reply;
}

inline const Registered ascent_command("ascent", run_ascent);

}  // namespace harness

#endif
