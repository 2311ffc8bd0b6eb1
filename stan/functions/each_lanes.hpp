// Includes LANES_CODE once for each kind of processor, each time in another namespace.

#define LANES 2
#define LANES_TARGET
namespace portable {
#include LANES_CODE
}
#undef LANES
#undef LANES_TARGET

#if defined(__x86_64__)

#define LANES 4
#define LANES_TARGET [[gnu::target("avx2,fma")]]
namespace avx2 {
#include LANES_CODE
}
#undef LANES
#undef LANES_TARGET

#define LANES 8
#define LANES_TARGET [[gnu::target("avx512f")]]
namespace avx512 {
#include LANES_CODE
}
#undef LANES
#undef LANES_TARGET

#endif
