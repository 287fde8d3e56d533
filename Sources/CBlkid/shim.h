#include <features.h>
#include <blkid/blkid.h>
