// Members of a translated program along an axis: gathering some of their rows, and lending them to a copy.
#ifndef HARNESS_MEMBERS_HPP
#define HARNESS_MEMBERS_HPP

#include <Eigen/Dense>

#include <complex>
#include <cstddef>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace harness {

// Which dimensions of a variable are the axis, outermost first; of a tuple, the same for each of its parts, whose
// dimensions count from the tuple.
struct Along {
  std::vector<int> dimensions;
  std::vector<Along> parts;

  bool has(int dimension) const {
    for (const int one : dimensions) {
      if (one == dimension) {
        return true;
      }
    }
    return false;
  }
  bool ends_before(int dimension) const {
    for (const int one : dimensions) {
      if (one >= dimension) {
        return false;
      }
    }
    return parts.empty();
  }
};

template <typename T>
T gathered(const T& from, const Along&, int, const std::vector<int>&) {
  return from;
}

template <typename T, int R, int C>
Eigen::Matrix<T, R, C> gathered(const Eigen::Matrix<T, R, C>& from, const Along& along, int depth,
                                const std::vector<int>& rows) {
  const Eigen::Index n = rows.size();
  if constexpr (R == 1 || C == 1) {
    if (!along.has(depth)) {
      return from;
    }
    Eigen::Matrix<T, R, C> to(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      to.coeffRef(i) = from.coeff(rows[i]);
    }
    return to;
  } else {
    const bool by_row = along.has(depth), by_column = along.has(depth + 1);
    Eigen::Matrix<T, R, C> to(by_row ? n : from.rows(), by_column ? n : from.cols());
    for (Eigen::Index j = 0; j < to.cols(); ++j) {
      const T* const source = from.data() + (by_column ? rows[j] : j) * from.rows();
      T* const target = to.data() + j * to.rows();
      for (Eigen::Index i = 0; i < to.rows(); ++i) {
        target[i] = source[by_row ? rows[i] : i];
      }
    }
    return to;
  }
}

template <typename... T>
std::tuple<T...> gathered(const std::tuple<T...>& from, const Along& along, int depth, const std::vector<int>& rows);

template <typename T>
std::vector<T> gathered(const std::vector<T>& from, const Along& along, int depth, const std::vector<int>& rows) {
  const bool here = along.has(depth);
  const std::size_t n = here ? rows.size() : from.size();
  std::vector<T> to;
  to.reserve(n);
  if (along.ends_before(depth + 1)) {
    for (std::size_t i = 0; i < n; ++i) {
      to.push_back(from[here ? rows[i] : i]);
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      to.push_back(gathered(from[here ? rows[i] : i], along, depth + 1, rows));
    }
  }
  return to;
}

template <typename... T, std::size_t... I>
std::tuple<T...> gathered_parts(const std::tuple<T...>& from, const Along& along, const std::vector<int>& rows,
                                std::index_sequence<I...>) {
  return std::tuple<T...>{gathered(std::get<I>(from), along.parts[I], 0, rows)...};
}

template <typename... T>
std::tuple<T...> gathered(const std::tuple<T...>& from, const Along& along, int, const std::vector<int>& rows) {
  return along.parts.empty() ? from : gathered_parts(from, along, rows, std::index_sequence_for<T...>());
}

// A member that holds its values itself.
template <typename Model, typename T>
struct Held {
  using Value = T;
  T Model::*member;
  Along along;

  T take(const Model& from, const std::vector<int>& rows) const { return gathered(from.*member, along, 0, rows); }
  void exchange(Model& model, T& rows) const { std::swap(model.*member, rows); }
};

// A vector or matrix: the program computes with a map that lies on a member that holds the values.
template <typename Model, typename T>
struct Mapped {
  using Value = T;
  T Model::*member;
  Eigen::Map<T> Model::*map;
  Along along;

  T take(const Model& from, const std::vector<int>& rows) const { return gathered(from.*member, along, 0, rows); }
  void exchange(Model& model, T& rows) const {
    (model.*member).swap(rows);
    T& now = model.*member;
    if constexpr (T::RowsAtCompileTime == 1 || T::ColsAtCompileTime == 1) {
      new (&(model.*map)) Eigen::Map<T>(now.data(), now.size());
    } else {
      new (&(model.*map)) Eigen::Map<T>(now.data(), now.rows(), now.cols());
    }
  }
};

template <typename Model, typename T>
Held<Model, T> held(T Model::*member, Along along) {
  return {member, std::move(along)};
}
template <typename Model, typename T>
Mapped<Model, T> mapped(T Model::*member, Eigen::Map<T> Model::*map, Along along) {
  return {member, map, std::move(along)};
}

}  // namespace harness

#endif
