// The messages and service descriptors that scripts/generate-proto compiles from proto/, one header for each .proto.
// A header that is missing here is reported as an incomplete umbrella when Swift imports the module.

#ifndef CWIRE_H
#define CWIRE_H

#include "google/protobuf/timestamp.pb-c.h"
#include "google/protobuf/wrappers.pb-c.h"

#include "csi.pb-c.h"
#include "holdfast.pb-c.h"
#include "pluginregistration.pb-c.h"

#endif
