#include "build_info.hpp"

#include "argument_text.hpp"

#include <stan/model/model_base.hpp>
#include <stan/version.hpp>

#include <ctime>

namespace driver {
namespace {

void write_version(stan::callbacks::writer& out) {
  out("stan_version_major = " + stan::MAJOR_VERSION);
  out("stan_version_minor = " + stan::MINOR_VERSION);
  out("stan_version_patch = " + stan::PATCH_VERSION);
}

std::string now_in_utc() {
  const std::time_t now = std::time(nullptr);
  char text[sizeof "2000-01-01 00:00:00 UTC"];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&now));
  return text;
}

}  // namespace

void print_build_info(stan::callbacks::writer& out) {
  write_version(out);
#ifdef STAN_THREADS
  out("STAN_THREADS=true");
#else
  out("STAN_THREADS=false");
#endif
  out("STAN_MPI=false");
  out("STAN_OPENCL=false");
#ifdef STAN_NO_RANGE_CHECKS
  out("STAN_NO_RANGE_CHECKS=true");
#else
  out("STAN_NO_RANGE_CHECKS=false");
#endif
}

void write_configuration(const Argument& table, const stan::model::model_base& model,
                         stan::callbacks::writer& out) {
  write_version(out);
  out("model = " + model.model_name());
  out("start_datetime = " + now_in_utc());
  echo(table, out);
  for (const std::string& line : model.model_compile_info()) {
    out(line);
  }
}

void write_diagnostic_head(const Argument& table, const stan::model::model_base& model,
                           stan::callbacks::writer& out) {
  write_version(out);
  out("model = " + model.model_name());
  echo(table, out);
}

void write_configuration(const Argument& table, const stan::model::model_base& model,
                         stan::callbacks::structured_writer& out) {
  out.begin_record();
  out.write("stan_major_version", stan::MAJOR_VERSION);
  out.write("stan_minor_version", stan::MINOR_VERSION);
  out.write("stan_patch_version", stan::PATCH_VERSION);
  out.write("model_name", model.model_name());
  out.write("start_datetime", now_in_utc());
  record(table, out);
  out.write("mpi_enabled", false);
  for (const std::string& line : model.model_compile_info()) {
    const auto equals = line.find(" = ");
    if (equals != std::string::npos) {
      out.write(line.substr(0, equals), line.substr(equals + 3));
    }
  }
  out.end_record();
}

}  // namespace driver
