// Opens the files that a run writes.
#ifndef DRIVER_OUTPUTS_HPP
#define DRIVER_OUTPUTS_HPP

#include "run.hpp"

namespace driver {

// Throws for a name that cannot be written, or that is also the run's input.
void check_output_files(const Argument& table);

Outputs open_outputs(const Argument& table, unsigned int n_chains);

// The configuration in JSON, if asked for, and the head of every CSV file.
void write_heads(const Argument& table, const stan::model::model_base& model, Outputs& outputs);

}  // namespace driver

#endif
