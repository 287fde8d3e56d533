#include <features.h>
#include <jansson.h>
