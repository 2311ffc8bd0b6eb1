#ifndef TESTS_CUBE_PART_HPP
#define TESTS_CUBE_PART_HPP

namespace part {

template <typename T>
T square(const T& x) {
  return x * x;
}

}  // namespace part

#endif
