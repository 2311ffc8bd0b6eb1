// Commands on some of the rows.
#ifndef HARNESS_ROW_COMMANDS_HPP
#define HARNESS_ROW_COMMANDS_HPP

#include "commands.hpp"

namespace harness {

// Sets of rows as a request lists them from `at` on: each its size, then its rows.
inline std::vector<std::vector<int>> read_sets(const Request& request, std::size_t at, int n_sets, int size) {
  std::vector<std::vector<int>> sets(n_sets);
  for (std::vector<int>& set : sets) {
    const std::size_t end = at + 1 + static_cast<std::size_t>(request.numbers.at(at));
    if (end > request.numbers.size()) {
      throw std::invalid_argument("a set of rows is cut short");
    }
    for (++at; at < end; ++at) {
      const int row = static_cast<int>(request.numbers[at]);
      if (row < 0 || row >= size) {
        throw std::invalid_argument("there is no row " + std::to_string(row));
      }
      set.push_back(row);
    }
  }
  return sets;
}

// A partition into the sets that follow, under a number of the asker's choice; an earlier one of that number goes.
inline Message run_partition(Session& session, const Request& request) {
  const int axis = session.axis_of(request);
  Partition& made = session.partitions[request.integer("partition")];
  made = {axis, {}};
  for (const std::vector<int>& rows :
       read_sets(request, 0, request.integer("sets"), session.target.axis_size(axis))) {
    made.blocks.push_back(session.target.gather(axis, rows));
  }
  return {"ok failed=0\n", {}};
}

inline Message drop_partition(Session& session, const Request& request) {
  session.partitions.erase(request.integer("partition"));
  return {"ok failed=0\n", {}};
}

// On each block of those named, weighted, the log density and its gradient at each point.  Block -1 has no rows.
inline Message run_blocks(Session& session, const Request& request) {
  Partition& partition = session.partitions.at(request.integer("partition"));
  const int d = session.target.dimension(), n_points = request.integer("n"), n_blocks = request.integer("blocks");
  const std::size_t n = std::size_t(n_points) * n_blocks;
  const double weight = request.number("weight", 1);
  const Form form = form_of(request);
  Message reply{"", std::vector<double>(n * (1 + d), not_a_number)};
  const auto block_of = [&](int i) {
    const int number = static_cast<int>(request.numbers.at(i));
    return number < 0 ? nullptr : partition.blocks.at(number).get();
  };
  Account account;
  // a block is lent to one view at a time: a thread takes blocks whole
  each(session, n_blocks, request.integer("threads", 1), account, [&]() -> Work {
    const std::shared_ptr<View> view = session.target.view(partition.axis);
    return [&, view](int i, std::ostream& told) {
      Block* const block = block_of(i);
      for (int point = 0; point < n_points; ++point) {
        double* const to = reply.numbers.data() + (std::size_t(i) * n_points + point) * (1 + d);
        const Vector at = column(request.numbers, n_blocks + std::size_t(point) * d, d);
        Vector slope;
        try {
          to[0] = block ? view->weighted(*block, weight, at, &slope, form, &told)
                        : view->density(nullptr, at, &slope, form, &told);
          put(slope, to + 1);
        } catch (const std::exception& e) {
          account.add(e.what());
        }
      }
    };
  });
  reply.text = account.reply();
  return reply;
}

inline const Registered partition_command("partition", run_partition), drop_command("drop", drop_partition),
    blocks_command("blocks", run_blocks);

}  // namespace harness

#endif
