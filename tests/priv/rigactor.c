/* SPDX-License-Identifier: MIT */
/*
 * Where the programs are that tests have run. They are found beside the test,
 * so that it is those of the same build and never installed ones.
 */
#include "tests/priv/rigactor.h"

#include <stdio.h>

#include "tests/priv/rig.h"

char tools[512], actor[512];

int
find_tools(void **state)
{
	(void)state;
	rig_tools(tools, sizeof(tools));
	(void)snprintf(actor, sizeof(actor), "%.400s/actor", tools);
	return 0;
}
