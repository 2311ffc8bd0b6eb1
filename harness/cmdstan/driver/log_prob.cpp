#include "run.hpp"

#include "files.hpp"
#include "fitted.hpp"

#include <stan/io/var_context.hpp>
#include <stan/model/log_prob_grad.hpp>
#include <stan/model/model_base.hpp>
#include <stan/services/error_codes.hpp>

#include <stdexcept>

namespace driver {
namespace {

using stan::model::model_base;
using Points = std::vector<std::vector<double>>;

// `params_r`: one vector, or an array of vectors, of unconstrained values.
Points read_unconstrained(const std::string& path, const model_base& model) {
  const Context context = read_context(path);
  const std::vector<double> values = context->vals_r("params_r");
  if (values.empty()) {
    throw std::invalid_argument(
        "Unconstrained parameters file has no variable 'params_r' with unconstrained parameter "
        "values!");
  }
  const std::vector<std::size_t> dims = context->dims_r("params_r");
  const std::size_t n_points = dims.size() == 2 ? dims[0] : 1;
  const std::size_t size = values.size() / n_points;
  if (size != model.num_params_r()) {
    throw std::invalid_argument(
        "Incorrect number of unconstrained parameters provided! Model has "
        + std::to_string(model.num_params_r()) + " parameters but " + std::to_string(size)
        + " were found.");
  }
  Points points(n_points, std::vector<double>(size));
  for (std::size_t i = 0; i < values.size(); ++i) {
    points[i % n_points][i / n_points] = values[i];  // contexts are column-major
  }
  return points;
}

Points read_constrained(const std::string& path, const model_base& model) {
  if (FileName(path).suffix != ".csv") {
    return {read_and_unconstrain(path, model)};
  }
  const Eigen::MatrixXd draws = read_draws(path, model);
  Points points;
  for (Eigen::Index row = 0; row < draws.rows(); ++row) {
    const Eigen::RowVectorXd draw = draws.row(row);
    points.push_back(unconstrain({draw.data(), draw.data() + draw.size()}, model));
  }
  return points;
}

Points read_points(const Argument& method, const model_base& model) {
  const std::string& unconstrained = method["unconstrained_params"].text();
  const std::string& constrained = method["constrained_params"].text();
  if (unconstrained.empty() && constrained.empty()) {
    throw std::invalid_argument(
        "No input parameter files provided, cannot calculate log probability density.");
  }
  if (!unconstrained.empty() && !constrained.empty()) {
    throw std::invalid_argument(
        "Cannot specify both input files of both constrained and unconstrained parameter values.");
  }
  return constrained.empty() ? read_unconstrained(unconstrained, model)
                             : read_constrained(constrained, model);
}

void write_densities(const model_base& model, Points points, bool jacobian, std::ostream& out) {
  std::vector<std::string> names;
  model.unconstrained_param_names(names, false, false);
  out << "lp__";
  for (const std::string& name : names) {
    out << ",g_" << name;
  }
  out << "\n";
  std::vector<int> no_integers;
  std::vector<double> gradient;
  for (std::vector<double>& point : points) {
    const double density
        = jacobian
              ? stan::model::log_prob_grad<true, true>(model, point, no_integers, gradient)
              : stan::model::log_prob_grad<true, false>(model, point, no_integers, gradient);
    out << density;
    for (const double slope : gradient) {
      out << "," << slope;
    }
    out << "\n";
  }
}

}  // namespace

int run_log_prob(Run& run) {
  const Points points = read_points(run.method, run.model);
  try {
    write_densities(run.model, points, run.method["jacobian"].flag(),
                    run.outputs.draws[0].get_stream());
  } catch (const std::exception& e) {
    run.logger.error(std::string("Error during log_prob calculation:\n") + e.what() + "\n");
    return stan::services::error_codes::SOFTWARE;
  }
  return stan::services::error_codes::OK;
}

}  // namespace driver
