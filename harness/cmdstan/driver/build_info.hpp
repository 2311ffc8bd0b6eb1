// What this executable was built from: Stan's version, the flags, the model.
#ifndef DRIVER_BUILD_INFO_HPP
#define DRIVER_BUILD_INFO_HPP

#include <stan/callbacks/structured_writer.hpp>
#include <stan/callbacks/writer.hpp>

#include <string>

namespace stan::model {
class model_base;
}

namespace driver {

struct Argument;

// The answer to `info`.
void print_build_info(stan::callbacks::writer& out);

// The comment lines at the head of a file of draws.
void write_configuration(const Argument& table, const stan::model::model_base& model,
                         stan::callbacks::writer& out);

// The shorter head of a diagnostic file.
void write_diagnostic_head(const Argument& table, const stan::model::model_base& model,
                           stan::callbacks::writer& out);

// The whole configuration as one JSON record.
void write_configuration(const Argument& table, const stan::model::model_base& model,
                         stan::callbacks::structured_writer& out);

}  // namespace driver

#endif
