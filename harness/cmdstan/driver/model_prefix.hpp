// Precompiled once per set of flags; every model and every driver file that needs Stan's model headers begins with it.
#include <stan_sundials_printf_override.hpp>
#include <stan/model/model_header.hpp>
