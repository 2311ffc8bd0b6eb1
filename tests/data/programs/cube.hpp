#ifndef TESTS_CUBE_HPP
#define TESTS_CUBE_HPP

#include "cube_part.hpp"
#include <ostream>

template <typename T>
T cube(const T& x, std::ostream*) {
  return part::square(x) * x;
}

#endif
