// Parameter values that an earlier run wrote, read back for this model.
#ifndef DRIVER_FITTED_HPP
#define DRIVER_FITTED_HPP

#include <stan/math/prim/fun/Eigen.hpp>

#include <string>
#include <vector>

namespace stan::model {
class model_base;
}

namespace driver {

// Draws of the model's parameters, one row each, on the constrained scale.
// Throws unless the columns after those ending in "__" are the model's parameters.
Eigen::MatrixXd read_draws(const std::string& path, const stan::model::model_base& model);

std::vector<double> unconstrain(const std::vector<double>& constrained,
                                const stan::model::model_base& model);

// From a JSON file or R dump laid out like an `init` file.
std::vector<double> read_and_unconstrain(const std::string& path,
                                         const stan::model::model_base& model);

// The mode, on the unconstrained scale, from the CSV file of an optimization or from JSON.
Eigen::VectorXd read_mode(const std::string& path, const stan::model::model_base& model);

}  // namespace driver

#endif
