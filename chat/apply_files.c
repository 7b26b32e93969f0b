/*
 * What the server says about files; answers to what nobody asked are nothing.
 */
#include "apply_state.h"

#define HEAR(name)                                                             \
	bool hear_##name(struct apply *a, const union message *m)              \
	{                                                                      \
		(void)a;                                                       \
		(void)m;                                                       \
		return true;                                                   \
	}

HEAR(leg)
HEAR(data)
HEAR(credit)
HEAR(whole)
HEAR(verified)
HEAR(cancel)
HEAR(held)
HEAR(filed)
