/* SPDX-License-Identifier: MIT */
/* What two programs compare before they believe each other. */
#include "lib/buildid.h"

#include "build.h"

const char build_id[] = RDV_BUILD;
