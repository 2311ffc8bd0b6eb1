// An axis of a translated program: what is gathered along it, and how a copy of the program sees a part.
//
// Nothing is constructed from a part of the data.  A copy of the constructed program is lent the gathered members, so
// that transformed data that summarise all rows stay what they are, and no declaration such as `int<lower=1> N` objects.
#ifndef HARNESS_AXIS_HPP
#define HARNESS_AXIS_HPP

#include "members.hpp"
#include "target.hpp"

#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace harness {

template <typename Model>
class Axis {
 public:
  virtual ~Axis() = default;
  virtual std::string name() const = 0;
  virtual int size(const Model& model) const = 0;
  virtual std::unique_ptr<Block> gather(const Model& from, const std::vector<int>& rows) const = 0;
  // Swaps the rows of a program with those of a block; twice restores both.
  virtual void exchange(Model& model, Block& block) const = 0;
};

template <typename Model, typename... Members>
class AxisOf final : public Axis<Model> {
  struct Rows final : Block {
    int n = 0;
    std::tuple<typename Members::Value...> values;
    int size() const override { return n; }
  };

 public:
  AxisOf(std::string name, int Model::*size, Members... members)
      : name_(std::move(name)), size_(size), members_(std::move(members)...) {}

  std::string name() const override { return name_; }
  int size(const Model& model) const override { return model.*size_; }

  std::unique_ptr<Block> gather(const Model& from, const std::vector<int>& rows) const override {
    auto block = std::make_unique<Rows>();
    block->n = rows.size();
    std::apply([&](const auto&... member) { block->values = {member.take(from, rows)...}; }, members_);
    return block;
  }

  void exchange(Model& model, Block& block) const override {
    exchange(model, static_cast<Rows&>(block), std::index_sequence_for<Members...>());
  }

 private:
  template <std::size_t... I>
  void exchange(Model& model, Rows& rows, std::index_sequence<I...>) const {
    std::swap(model.*size_, rows.n);
    (std::get<I>(members_).exchange(model, std::get<I>(rows.values)), ...);
  }

  std::string name_;
  int Model::*size_;
  std::tuple<Members...> members_;
};

template <typename Model>
using Axes = std::vector<std::shared_ptr<const Axis<Model>>>;

template <typename Model, typename... Members>
std::shared_ptr<const Axis<Model>> axis(std::string name, int Model::*size, Members... members) {
  return std::make_shared<AxisOf<Model, Members...>>(std::move(name), size, std::move(members)...);
}

}  // namespace harness

#endif
