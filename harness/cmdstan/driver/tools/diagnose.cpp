// diagnose: problems of a sampler run that its Stan CSV files show.
#include "draws.hpp"
#include "estimators.hpp"
#include <fstream>
#include <iomanip>
#include <iostream>

using namespace tools;

constexpr double r_hat_limit = 1.01499;  // what is shown as 1.01 still passes
constexpr double e_bfmi_limit = 0.3;
constexpr double ess_per_draw_limit = 0.001;

static std::string percentage(long count, long total) {
  std::ostringstream text;
  text << count << " of " << total << " (" << std::fixed << std::setprecision(2) << 100.0 * count / total << "%)";
  return text.str();
}

static bool check_treedepth(const Eigen::MatrixXd& depth, long limit) {
  std::cout << "Checking sampler transitions treedepth.\n";
  const long hits = (depth.array() >= limit).count();
  if (hits == 0) {
    std::cout << "Treedepth satisfactory for all transitions.\n\n";
    return true;
  }
  std::cout << percentage(hits, depth.size()) << " transitions hit the maximum treedepth limit of " << limit
            << ", or 2^" << limit << " leapfrog steps.\n"
            << "Trajectories that are prematurely terminated due to this limit will result in slow exploration.\n"
            << "For optimal performance, increase this limit.\n\n";
  return false;
}

static bool check_divergences(const Eigen::MatrixXd& divergent) {
  std::cout << "Checking sampler transitions for divergences.\n";
  const long count = std::lround(divergent.sum());
  if (count == 0) {
    std::cout << "No divergent transitions found.\n\n";
    return true;
  }
  std::cout << percentage(count, divergent.size()) << " transitions ended with a divergence.\n"
            << "These divergent transitions indicate that HMC is not fully able to explore the posterior distribution.\n"
            << "Try increasing adapt delta closer to 1.\n"
            << "If this doesn't remove all divergences, try to reparameterize the model.\n\n";
  return false;
}

static bool check_energy(const Eigen::MatrixXd& energy) {
  std::cout << "Checking E-BFMI - sampler transitions HMC potential energy.\n";
  const double e_bfmi = lowest_e_bfmi(energy);
  if (!(e_bfmi < e_bfmi_limit)) {
    std::cout << "E-BFMI satisfactory.\n\n";
    return true;
  }
  std::cout << "The E-BFMI, " << e_bfmi << ", is below the nominal threshold of " << e_bfmi_limit
            << " which suggests that HMC may have trouble exploring the target distribution.\n"
            << "If possible, try to reparameterize the model.\n\n";
  return false;
}

static void list(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    std::cout << (i == 0 ? "  " : ", ") << names[i];
  std::cout << "\n";
}

static bool check_parameters(const std::vector<Chain>& chains) {
  std::vector<std::string> low_ess, high_r_hat;
  for (std::size_t i = 0; i < chains[0].names.size(); ++i) {
    const std::string& name = chains[0].names[i];
    if (name.find("__") != std::string::npos)
      continue;
    const Eigen::MatrixXd draws = column(chains, i);
    const Ess sizes = ess(draws);
    if (std::min(sizes.bulk, sizes.tail) / draws.size() < ess_per_draw_limit)
      low_ess.push_back(name);
    if (r_hat(draws) > r_hat_limit)
      high_r_hat.push_back(name);
  }
  if (low_ess.empty()) {
    std::cout << "Rank-normalized split effective sample size satisfactory for all parameters.\n\n";
  } else {
    std::cout << "The following parameters had fewer than " << std::setprecision(3) << ess_per_draw_limit
              << std::setprecision(2) << " effective draws per transition:\n";
    list(low_ess);
    std::cout << "Such low values indicate that the effective sample size estimators may be biased high and actual "
              << "performance may be substantially lower than quoted.\n\n";
  }
  if (high_r_hat.empty()) {
    std::cout << "Rank-normalized split R-hat values satisfactory for all parameters.\n\n";
  } else {
    std::cout << "The following parameters had rank-normalized split R-hat greater than " << r_hat_limit << ":\n";
    list(high_r_hat);
    std::cout << "Such high values indicate incomplete mixing and biased estimation.\n"
              << "You should consider regularizing your model with additional prior information or a more effective "
              << "parameterization.\n\n";
  }
  return low_ess.empty() && high_r_hat.empty();
}

static bool check_run(const std::vector<Chain>& chains) {
  bool good = true;
  for (std::size_t i = 0; i < chains[0].names.size(); ++i) {
    const std::string& name = chains[0].names[i];
    if (name == "treedepth__")
      good = check_treedepth(column(chains, i), chains[0].config.count("max_depth") ? chains[0].count("max_depth") : 10)
             && good;
    else if (name == "divergent__")
      good = check_divergences(column(chains, i)) && good;
    else if (name == "energy__")
      good = check_energy(column(chains, i)) && good;
  }
  return check_parameters(chains) && good;
}

int main(int argc, const char* argv[]) {
  if (argc == 1) {
    std::cout << "USAGE:  diagnose <filename 1> [<filename 2> ... <filename N>]\n" << std::endl;
    return 0;
  }
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::ifstream(argv[i]))
      files.push_back(argv[i]);
    else
      std::cout << "File " << argv[i] << " not found" << std::endl;
  }
  if (files.empty()) {
    std::cout << "No valid input files, exiting." << std::endl;
    return 1;
  }
  std::cout << std::fixed << std::setprecision(2);
  try {
    const bool good = check_run(read_chains(files));
    std::cout << (good ? "Processing complete, no problems detected." : "Processing complete.") << std::endl;
  } catch (const std::invalid_argument& error) {
    std::cout << error.what() << std::endl;
    return 1;
  }
  return 0;
}
