// Data, initial values and metrics: JSON files (or R dumps) as variable contexts.
#ifndef DRIVER_INPUTS_HPP
#define DRIVER_INPUTS_HPP

#include <memory>
#include <string>
#include <vector>

namespace stan::io {
class var_context;
}

namespace driver {

using Context = std::shared_ptr<stan::io::var_context>;

// An empty path gives an empty context.
Context read_context(const std::string& path);

// One context per chain: from "init_1.json", "init_2.json", ... if these all exist, else from
// "init.json" for all, which is told on stderr; a comma-separated list names them one by one.
std::vector<Context> read_contexts(const std::string& path, unsigned int n_chains,
                                   unsigned int first_id);

}  // namespace driver

#endif
