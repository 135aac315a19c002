/* The engine's interface for other folders. Reading order: tensor, graph, op, kernel, program, receptive. */
#ifndef VT_ENGINE_H
#define VT_ENGINE_H

#include "engine/tensor.h"
#include "engine/safetensors.h"
#include "engine/graph.h"
#include "engine/op.h"
#include "engine/kernel.h"
#include "engine/program.h"
#include "engine/quantize.h"
#include "engine/receptive.h"

#endif
