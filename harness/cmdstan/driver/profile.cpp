#include "profile.hpp"

#include "files.hpp"

#include <stan/math/rev/core/profiling.hpp>

// Defined by the code that stanc generates for the model.
stan::math::profile_map& get_stan_profile_data();

namespace driver {

void write_profile(const Argument& output) {
  const stan::math::profile_map& blocks = get_stan_profile_data();
  if (blocks.empty()) {
    return;
  }
  const auto stream = open_output(output["profile_file"].text(), output["sig_figs"].integer());
  *stream << "name,thread_id,total_time,forward_time,reverse_time,chain_stack,no_chain_stack,"
          << "autodiff_calls,no_autodiff_calls\n";
  for (const auto& [key, times] : blocks) {
    *stream << key.first << "," << key.second << "," << times.get_fwd_time() + times.get_rev_time()
            << "," << times.get_fwd_time() << "," << times.get_rev_time() << ","
            << times.get_chain_stack_used() << "," << times.get_nochain_stack_used() << ","
            << times.get_num_rev_passes() << "," << times.get_num_no_AD_fwd_passes() << "\n";
  }
}

}  // namespace driver
