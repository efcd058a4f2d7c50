// Node-API, as every file here includes it.
#pragma once

// A worker may be terminated at any moment; from then on its environment refuses calls, and throwing a
// JavaScript error about that fails too. Without this word the second failure would end the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
