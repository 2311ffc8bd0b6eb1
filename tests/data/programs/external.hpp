#ifndef TESTS_EXTERNAL_HPP
#define TESTS_EXTERNAL_HPP

#include "external_part.hpp"
#include <ostream>

template <typename T>
T cube(const T& x, std::ostream*) {
  return part::square(x) * x;
}

#endif
