// See unit_methods.cpp; these share the templates of Hamiltonian Monte Carlo besides.
#include "sample.cpp"
#include "sample_nuts.cpp"
#include "sample_nuts_adapt.cpp"
#include "sample_static.cpp"
