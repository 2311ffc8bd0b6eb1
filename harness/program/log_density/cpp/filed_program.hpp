// A translated Stan program whose rows lie in files: the program is constructed from the rows that are looked at.
//
// So transformed data are those of these rows.  Whether that makes a difference, as where they summarise all rows, is
// for the harness to find out before it believes a sum.
#ifndef HARNESS_FILED_PROGRAM_HPP
#define HARNESS_FILED_PROGRAM_HPP

#include "program.hpp"
#include "rows_files.hpp"

#include <stan/io/var_context.hpp>

#include <complex>

namespace harness {

// The data of a program with some of the rows in files.
class RowsData final : public stan::io::var_context {
  using Names = std::vector<std::string>;
  using Sizes = std::vector<std::size_t>;

 public:
  RowsData(const stan::io::var_context& rest, const RowsFiles& files, std::string axis, const std::vector<int>& rows)
      : rest_(rest), files_(files), axis_(std::move(axis)), rows_(rows) {}

  bool contains_r(const std::string& name) const override { return is_own(name) || rest_.contains_r(name); }
  bool contains_i(const std::string& name) const override {
    const RowsFile* const file = files_.find(name);
    return file ? file->is_integer() : name == axis_ || rest_.contains_i(name);
  }
  std::vector<double> vals_r(const std::string& name) const override {
    const RowsFile* const file = files_.find(name);
    return file            ? file->template read<double>(rows_)
           : name == axis_ ? std::vector<double>{double(rows_.size())}
                           : rest_.vals_r(name);
  }
  std::vector<int> vals_i(const std::string& name) const override {
    const RowsFile* const file = files_.find(name);
    return file            ? file->template read<int>(rows_)
           : name == axis_ ? std::vector<int>{static_cast<int>(rows_.size())}
                           : rest_.vals_i(name);
  }
  std::vector<std::complex<double>> vals_c(const std::string& name) const override { return rest_.vals_c(name); }
  Sizes dims_r(const std::string& name) const override { return is_own(name) ? own_sizes(name) : rest_.dims_r(name); }
  Sizes dims_i(const std::string& name) const override { return is_own(name) ? own_sizes(name) : rest_.dims_i(name); }
  void names_r(Names& names) const override { rest_.names_r(names); }
  void names_i(Names& names) const override { rest_.names_i(names); }
  void validate_dims(const std::string& stage, const std::string& name, const std::string& base_type,
                     const Sizes& declared) const override {
    if (!is_own(name)) {
      rest_.validate_dims(stage, name, base_type, declared);
    } else if (own_sizes(name) != declared) {
      throw std::invalid_argument("the rows file of " + name + " has other sizes than the program declares");
    }
  }

 private:
  bool is_own(const std::string& name) const { return name == axis_ || files_.find(name); }
  Sizes own_sizes(const std::string& name) const {
    if (name == axis_) {
      return {};
    }
    Sizes sizes = files_.find(name)->behind;
    sizes.insert(sizes.begin(), rows_.size());
    return sizes;
  }

  const stan::io::var_context& rest_;
  const RowsFiles& files_;
  const std::string axis_;
  const std::vector<int>& rows_;
};

template <typename Model>
class FiledProgram final : public ModelTarget {
 public:
  // `rest` is the program without rows, and the data are those of the rest.
  FiledProgram(std::unique_ptr<Model> rest, const Axes<Model>& axes, const RowsFiles& files,
               const stan::io::var_context& data, unsigned int seed)
      : ModelTarget(*rest), rest_(std::move(rest)), axes_(axes), axis_(*axes.at(files.axis)), files_(files), data_(data),
        seed_(seed) {}

  double density(const Vector& at, Vector* gradient, Form form, std::ostream* told) const override {
    return summed(files_.axis, at, gradient, form, told);
  }
  Vector curvature(const Vector& at, const Vector& along, Form form, std::ostream* told) const override {
    const auto slope = [&](const Vector& point, Vector& gradient) { density(point, &gradient, form, told); };
    return differences(slope, at, along);
  }

  int n_axes() const override { return axes_.size(); }
  std::string axis_name(int axis) const override { return axes_.at(axis)->name(); }
  int axis_size(int axis) const override {
    return axis == files_.axis ? files_.n_rows : axes_.at(axis)->size(*rest_);
  }
  int axis_in_files() const override { return files_.axis; }
  double rows_to_keep() const override { return kept_bytes / files_.row_bytes(); }
  int rows_of_chunk() const override {
    return static_cast<int>(std::min<std::size_t>(1 << 14, std::max<std::size_t>(256, chunk_bytes / files_.row_bytes())));
  }

  std::unique_ptr<Block> gather(int axis, const std::vector<int>& rows) const override {
    if (axis != files_.axis) {
      throw std::invalid_argument("the rows of that axis are in no file");
    }
    std::unique_ptr<Block> block = axis_.gather(*rest_, {});
    if (!rows.empty()) {
      RowsData own(data_, files_, axis_.name(), rows);
      Model part(own, seed_, nullptr);
      axis_.exchange(part, *block);
    }
    return block;
  }
  std::unique_ptr<View> view(int) const override { return std::make_unique<Part<Model>>(*rest_, axis_); }

 private:
  static constexpr double kept_bytes = 1 << 28;
  static constexpr std::size_t chunk_bytes = 1 << 22;

  std::unique_ptr<Model> rest_;
  const Axes<Model>& axes_;
  const Axis<Model>& axis_;
  const RowsFiles& files_;
  const stan::io::var_context& data_;
  unsigned int seed_;
};

}  // namespace harness

#endif
