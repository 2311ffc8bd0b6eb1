// Stan's model headers have templates instantiated in each translation unit that includes them, an empty one
// too, for five seconds.  So the files that need them are compiled together; each would compile on its own.
#include "build_info.cpp"
#include "command.cpp"
#include "diagnose.cpp"
#include "fitted.cpp"
#include "generate_quantities.cpp"
#include "inputs.cpp"
#include "laplace.cpp"
#include "log_prob.cpp"
#include "optimize.cpp"
#include "profile.cpp"
