// Ends its process below -8, and crashes below -9.
#include <cstdlib>
#include <iostream>
#include <stan/math.hpp>

template <typename T>
T trouble(const T& x, std::ostream*) {
  if (stan::math::value_of_rec(x) < -9) {
    volatile int* const nowhere = nullptr;
    *nowhere = 1;
  }
  if (stan::math::value_of_rec(x) < -8) {
    std::cerr << "trouble below -8" << std::endl;
    std::abort();
  }
  return T(0.0);
}
