#include "fitted.hpp"

#include "files.hpp"
#include "inputs.hpp"

#include <stan/io/stan_csv_reader.hpp>
#include <stan/model/model_base.hpp>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/split.hpp>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace driver {
namespace {

using stan::model::model_base;

std::vector<std::string> parameter_names(const model_base& model) {
  std::vector<std::string> names;
  model.constrained_param_names(names, false, false);
  return names;
}

// The algorithm's own columns come first, and only their names end in "__".
std::size_t first_parameter(const std::vector<std::string>& header) {
  const auto found = std::find_if_not(header.begin(), header.end(), [](const std::string& name) {
    return boost::algorithm::ends_with(name, "__");
  });
  return found - header.begin();
}

stan::io::stan_csv read_csv(const std::string& path) {
  using reader = stan::io::stan_csv_reader;
  std::ifstream stream = open_input(path);
  stan::io::stan_csv csv;
  reader::read_metadata(stream, csv.metadata);
  if (!reader::read_header(stream, csv.header, false)) {
    throw std::invalid_argument("Error reading fitted param names from sample csv file \"" + path
                                + "\"\n");
  }
  reader::read_adaptation(stream, csv.adaptation);
  csv.timing.warmup = csv.timing.sampling = 0;
  reader::read_samples(stream, csv.samples, csv.timing);
  return csv;
}

template <class Transform>
std::vector<double> or_explain(const model_base& model, Transform transform) {
  std::vector<double> unconstrained(model.num_params_r());
  std::stringstream said;
  try {
    transform(unconstrained, said);
  } catch (const std::exception& e) {
    std::string message = e.what();
    message += "\nBad or missing parameter values, cannot unconstrain.";
    if (!said.str().empty()) {
      message += "\n\t" + said.str();
    }
    throw std::invalid_argument(message + "\n");
  }
  return unconstrained;
}

std::vector<std::string> split_line(std::istream& stream) {
  std::string line;
  std::getline(stream, line);
  std::vector<std::string> cells;
  boost::algorithm::split(cells, line, boost::is_any_of(","), boost::token_compress_on);
  return cells;
}

bool skip_comments_of_optimization(std::istream& stream) {
  bool is_optimization = false;
  for (std::string line; stream.peek() == '#' && std::getline(stream, line);) {
    is_optimization |= boost::algorithm::contains(line, "method = optimize");
  }
  return is_optimization;
}

double to_number(const std::string& text, const std::string& name) {
  try {
    return std::stod(text);
  } catch (const std::logic_error&) {
    throw std::invalid_argument("Error parsing CSV file, bad value for " + name + "\n");
  }
}

std::vector<double> read_optimum(const std::string& path, const model_base& model) {
  std::vector<std::string> expected;
  model.constrained_param_names(expected);
  std::ifstream stream = open_input(path);
  if (!skip_comments_of_optimization(stream)) {
    throw std::invalid_argument("CSV file is not output from Stan optimization\n");
  }
  const auto names = split_line(stream);
  const auto values = split_line(stream);
  const std::size_t first = first_parameter(names);
  if (names.size() != values.size() || names.size() - first < expected.size()) {
    throw std::invalid_argument("CSV file is incomplete, expecting at least "
                                + std::to_string(expected.size() + 1) + " columns.\n");
  }
  std::vector<double> optimum;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (names[first + i] != expected[i]) {
      throw std::invalid_argument("Mismatch between model params and StanCSV file \"" + path
                                  + "\",  expecting param \"" + expected[i] + "\", found \""
                                  + names[first + i] + "\"\n");
    }
    optimum.push_back(to_number(values[first + i], expected[i]));
  }
  return optimum;
}

}  // namespace

Eigen::MatrixXd read_draws(const std::string& path, const model_base& model) {
  const auto expected = parameter_names(model);
  if (expected.empty()) {
    throw std::invalid_argument("Model " + model.model_name()
                                + " has no parameters, nothing to estimate.\n");
  }
  const stan::io::stan_csv csv = read_csv(path);
  const std::size_t first = first_parameter(csv.header);
  const bool fits = first + expected.size() <= csv.header.size()
                    && std::equal(expected.begin(), expected.end(), csv.header.begin() + first);
  if (!fits) {
    throw std::invalid_argument("Mismatch between model and fitted_parameters csv file \"" + path
                                + "\"\n");
  }
  return csv.samples.middleCols(first, expected.size());
}

std::vector<double> unconstrain(const std::vector<double>& constrained, const model_base& model) {
  return or_explain(model, [&](std::vector<double>& result, std::ostream& said) {
    model.unconstrain_array(constrained, result, &said);
  });
}

std::vector<double> read_and_unconstrain(const std::string& path, const model_base& model) {
  const Context context = read_context(path);
  return or_explain(model, [&](std::vector<double>& result, std::ostream& said) {
    std::vector<int> no_integers;
    model.transform_inits(*context, no_integers, result, &said);
  });
}

Eigen::VectorXd read_mode(const std::string& path, const model_base& model) {
  const std::string suffix = FileName(path).suffix;
  if (suffix != ".csv" && suffix != ".json") {
    throw std::invalid_argument("Mode file must be CSV or JSON, found " + path + "\n");
  }
  const std::vector<double> mode = suffix == ".csv"
                                       ? unconstrain(read_optimum(path, model), model)
                                       : read_and_unconstrain(path, model);
  return Eigen::Map<const Eigen::VectorXd>(mode.data(), mode.size());
}

}  // namespace driver
