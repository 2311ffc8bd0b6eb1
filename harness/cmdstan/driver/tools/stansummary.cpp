// stansummary: posterior statistics and convergence diagnostics of a run's Stan CSV files.
#include "draws.hpp"
#include "estimators.hpp"
#include "options.hpp"
#include "table.hpp"
#include <fstream>
#include <iostream>
#include <numeric>

using namespace tools;

// The parameters to show, in three groups: the log density, the sampler's own columns, the model's.
struct Summary {
  std::vector<std::string> titles;
  std::vector<std::string> names;
  std::vector<Row> rows;
  std::size_t n_sampler = 0;
};

// `a[2,1]` -> {2, 1}; empty for a scalar.
static std::vector<int> subscripts(const std::string& name) {
  std::vector<int> found;
  const auto open = name.find('[');
  if (open != std::string::npos)
    for (const auto& part : split(name.substr(open + 1), ','))
      found.push_back(std::atoi(part.c_str()));
  return found;
}

// Stan CSV files hold containers column by column; the summary shows them row by row.
static std::vector<std::size_t> display_order(const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  const auto base = [&](std::size_t i) { return names[i].substr(0, names[i].find('[')); };
  for (std::size_t from = 0; from < names.size();) {
    std::size_t to = from + 1;
    while (to < names.size() && base(to) == base(from))
      ++to;
    std::stable_sort(order.begin() + from, order.begin() + to,
                     [&](std::size_t a, std::size_t b) { return subscripts(names[a]) < subscripts(names[b]); });
    from = to;
  }
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return ends_in_double_underscore(names[i]); });
  return order;
}

static Row statistics(const Eigen::MatrixXd& draws, const std::vector<std::string>& percentiles, double sampling_s) {
  Row row{draws.mean(), mcse_mean(draws), sd(draws), median_absolute_deviation(draws)};
  for (const auto& percentile : percentiles)
    row.push_back(quantile(draws, std::atof(percentile.c_str()) / 100));
  const Ess sizes = ess(draws);
  row.insert(row.end(), {sizes.bulk, sizes.tail, sizes.bulk / sampling_s, r_hat(draws)});
  return row;
}

static Summary summarise(const std::vector<Chain>& chains, const Options& options) {
  Summary summary;
  summary.titles = {"Mean", "MCSE", "StdDev", "MAD"};
  for (const auto& percentile : options.percentiles)
    summary.titles.push_back(percentile + "%");
  summary.titles.insert(summary.titles.end(), {"ESS_bulk", "ESS_tail", "ESS_bulk/s", "R_hat"});
  const auto& names = chains[0].names;
  const auto& wanted = options.parameters;
  std::string unknown;
  for (const auto& name : wanted)
    if (ends_in_double_underscore(name) || std::find(names.begin(), names.end(), name) == names.end())
      unknown += "'" + name + "' ";
  if (!unknown.empty())
    throw std::invalid_argument("--include_param: Unrecognized parameter(s): " + unknown);
  double sampling_s = 0;
  for (const auto& chain : chains)
    sampling_s += chain.sampling_s;
  for (const std::size_t index : display_order(names)) {
    const bool own = ends_in_double_underscore(names[index]);
    if (!wanted.empty() && !own && std::find(wanted.begin(), wanted.end(), names[index]) == wanted.end())
      continue;
    summary.names.push_back(names[index]);
    summary.rows.push_back(statistics(column(chains, index), options.percentiles, sampling_s));
    summary.n_sampler += own;
  }
  return summary;
}

static void write_times(std::ostream& out, const std::string& what, const std::vector<double>& times_s) {
  double total = std::accumulate(times_s.begin(), times_s.end(), 0.0);
  const std::string unit = total > 3600 ? "hours" : total > 60 ? "minutes" : "seconds";
  total /= total > 3600 ? 3600 : total > 60 ? 60 : 1;
  const auto number = [&](double value) -> std::ostream& {
    return out << std::fixed << std::setprecision(shape(value, 2).decimals) << value;
  };
  out << what << " took ";
  if (times_s.size() > 1) {
    for (std::size_t i = 0; i < times_s.size(); ++i) {
      out << (i == 0 ? "(" : ", ");
      number(times_s[i]);
    }
    out << ") seconds, ";
  }
  number(total) << " " << unit << (times_s.size() > 1 ? " total" : "") << "\n";
}

static void write_heading(std::ostream& out, const std::vector<Chain>& chains, const std::string& prefix) {
  const Chain& first = chains[0];
  std::vector<double> warmup, sampling;
  for (const auto& chain : chains) {
    warmup.push_back(chain.warmup_s);
    sampling.push_back(chain.sampling_s);
  }
  out << prefix << "Inference for Stan model: " << first.get("model", "") << "\n"
      << prefix << chains.size() << " chains: each with iter="
      << first.count(first.config.count("num_samples") ? "num_samples" : "output_samples")
      << "; warmup=" << first.count("num_warmup") << "; thin=" << std::max(1L, first.count("thin")) << "; "
      << first.rows.size() << " iterations saved.\n"
      << prefix << "\n"
      << prefix;
  write_times(out, "Warmup", warmup);
  out << prefix;
  write_times(out, "Sampling", sampling);
}

static void write_footing(std::ostream& out, const Chain& chain, const std::string& prefix) {
  out << prefix << "Samples were drawn using " << chain.get("algorithm", "") << " with " << chain.get("engine", "")
      << ".\n"
      << prefix << "For each parameter, ESS_bulk and ESS_tail measure the effective sample size for the entire sample "
      << "(bulk) and for the .05 and .95 tails (tail), \n"
      << prefix << "and R_hat measures the potential scale reduction on split chains. At convergence R_hat will be very "
      << "close to 1.00.\n";
}

static void write_table(std::ostream& out, const Summary& summary, int figures) {
  const std::size_t n_density = std::min<std::size_t>(summary.n_sampler, 1);
  const std::vector<Row> own(summary.rows.begin() + n_density, summary.rows.begin() + summary.n_sampler);
  const std::vector<Row> model(summary.rows.begin() + summary.n_sampler, summary.rows.end());
  std::size_t indent = 0;
  for (const auto& name : summary.names)
    indent = std::max(indent, name.size() + 1);
  out << std::string(indent, ' ');
  std::vector<Column> own_layout, model_layout;
  std::vector<int> widths;
  for (std::size_t i = 0; i < summary.titles.size(); ++i) {
    own_layout.push_back(layout(summary.titles[i], own, i, figures));
    model_layout.push_back(layout(summary.titles[i], model, i, figures));
    widths.push_back(std::max(own_layout[i].width, model_layout[i].width));
    out << std::setw(widths[i]) << summary.titles[i];
  }
  out << "\n\n";
  for (std::size_t row = 0; row < summary.names.size(); ++row) {
    const bool sampler = n_density <= row && row < summary.n_sampler;
    if (row == summary.n_sampler && row > 0)
      out << "\n";
    out << std::left << std::setw(indent) << summary.names[row] << std::right;
    for (std::size_t i = 0; i < widths.size(); ++i)
      write_cell(out, summary.rows[row][i], (sampler ? own_layout : model_layout)[i], widths[i], figures);
    out << "\n";
  }
}

static void write_csv(std::ofstream& out, const Summary& summary, const std::vector<Chain>& chains,
                      const Options& options) {
  out << "name";
  for (const auto& title : summary.titles)
    out << "," << title;
  out << "\n" << std::setprecision(options.csv_figures);
  for (std::size_t row = 0; row < summary.names.size(); ++row) {
    out << '"' << summary.names[row] << '"';
    for (const double value : summary.rows[row])
      out << "," << value;
    out << "\n";
  }
  write_heading(out, chains, "# ");
  write_footing(out, chains[0], "# ");
  if (!out.flush())
    throw std::invalid_argument("Cannot save to csv_filename: " + *options.csv_filename + ".");
}

static void write_autocorrelation(std::ostream& out, const std::vector<Chain>& chains, int which) {
  const std::size_t n_draws = chains[0].rows.size();
  const auto& names = chains[0].names;
  std::size_t width = 8;
  std::vector<Eigen::VectorXd> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Eigen::VectorXd values = autocovariance(column(chains, i).col(which - 1));
    values /= values(0) == 0 ? not_a_number : values(0);
    columns.push_back(values);
    width = std::max(width, names[i].size() + 1);
  }
  out << "Displaying the autocorrelations for chain " << which << ":\n\n" << std::setw(6) << "Lag";
  for (const auto& name : names)
    out << std::setw(width) << name;
  out << "\n" << std::fixed << std::setprecision(3);
  for (std::size_t lag = 0; lag < n_draws; ++lag) {
    out << std::setw(6) << lag;
    for (const auto& values : columns)
      out << std::setw(width) << values(lag);
    out << "\n";
  }
  out << "\n";
}

// The table in CSV, opened before anything is printed, so that a name that will not do is told at once.
static std::ofstream open_csv(const Options& options) {
  std::ofstream out;
  if (options.csv_filename) {
    out.open(*options.csv_filename);
    if (!out)
      throw std::invalid_argument("Cannot save to csv_filename: " + *options.csv_filename + ".");
  }
  return out;
}

static void run(const Options& options) {
  if (options.autocorr > static_cast<int>(options.files.size()))
    throw std::invalid_argument("Option --autocorr: " + std::to_string(options.autocorr) + " not a valid chain id.");
  const std::vector<Chain> chains = read_chains(options.files);
  const Summary summary = summarise(chains, options);
  std::ofstream csv = open_csv(options);
  write_heading(std::cout, chains, "");
  std::cout << "\n";
  write_table(std::cout, summary, options.figures);
  std::cout << "\n";
  write_footing(std::cout, chains[0], "");
  if (options.autocorr)
    write_autocorrelation(std::cout, chains, options.autocorr);
  if (csv.is_open())
    write_csv(csv, summary, chains, options);
}

int main(int argc, const char* argv[]) {
  if (argc < 2) {
    std::cout << usage << std::endl;
    return 1;
  }
  try {
    const Options options = parse(argc, argv);
    if (options.help)
      std::cout << usage << std::endl;
    else
      run(options);
  } catch (const BadOptions& error) {
    std::cerr << error.what() << "\nRun with --help for more information." << std::endl;
    return static_cast<int>(error.refusal);
  } catch (const std::invalid_argument& error) {
    std::cout << error.what() << std::endl;
    return 1;
  }
  return 0;
}
