// Fixed-width tables at a given number of significant figures.
#ifndef HARNESS_TOOLS_TABLE_HPP
#define HARNESS_TOOLS_TABLE_HPP

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <string>
#include <vector>

namespace tools {

using Row = std::vector<double>;

// Decimal places that show `figures` significant figures of a value, and the characters it then takes.
struct Shape {
  int decimals;
  int width;
};

inline Shape shape(double value, int figures) {
  const int minus = std::signbit(value) ? 1 : 0;
  const double size = std::fabs(value);
  if (value == 0)
    return {figures, figures + minus};
  if (!std::isfinite(value))
    return {figures, 3 + minus};
  if (size >= 1) {
    const int digits = static_cast<int>(std::ceil(std::log10(size) + 1e-6));
    return {std::max(0, figures - digits), (digits >= figures ? digits : figures + 1) + minus};
  }
  const int zeros = static_cast<int>(std::fabs(std::floor(std::log10(size))));
  return {zeros + figures - 1, 1 + zeros + figures + minus};
}

// A column is fixed-point while all its values fit in five characters, else scientific.
struct Column {
  bool scientific;
  int width;
};

inline Column layout(const std::string& title, const std::vector<Row>& rows, std::size_t index, int figures) {
  int widest = 0;
  bool negative = false;
  for (const auto& row : rows) {
    widest = std::max(widest, shape(row[index], figures).width);
    negative = negative || row[index] < 0;
  }
  const bool scientific = widest + 2 >= 8;
  const int needed = scientific ? figures + 5 + negative : widest;
  return {scientific, std::max<int>(needed, title.size()) + 2};
}

inline void write_cell(std::ostream& out, double value, const Column& column, int width, int figures) {
  out << (column.scientific ? std::scientific : std::fixed)
      << std::setprecision(column.scientific ? figures - 1 : shape(value, figures).decimals) << std::setw(width)
      << value;
}

}  // namespace tools

#endif
