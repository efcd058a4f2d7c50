// Samples of several layers at the same positions, side by side: hypercolumns (Hariharan et al. 2015), as the
// losses of STROTSS and of nearest neighbours compare them. Where the picture is one of the layers it is brought
// to the range of the network (0..1 or 0..255); features stay as they are, so that layers weigh by their size.
//
//   coverage        guide: of a mask; out: sums of its square, along every row and down the rows
//   draw            in: features, of whose grid cells are drawn by `seed`, anew in every evaluation, other: coverage of the
//                   same grid or none; out: their centres, y and x in 0..1, as a matrix of two columns
//   sample          in: features or the picture, other: positions; out: scale * features there, bilinear, from column
//                   first_channel on; a grid fills the unit square, whatever its layer's size
//   sample_back     in: gradient of the samples, other, first_channel; out: scale * the gradient of the features
#pragma once

#include "loss.h"

namespace scumble {

// Of the first place, which is the finest: where a mask covers it, or anywhere. Once for all in a description,
// in every evaluation anew in an iteration, where what can be is prepared.
BufferId draw(Graph& graph, const Site& at, int count, uint64_t seed);

// The channels of all places.
int channels_of(const Site& at);

// A row for each position.
BufferId sample(Graph& graph, const Site& at, BufferId positions, int count);

// Contributes the gradient at the place that is differentiated, of samples whose gradient is given.
void contribute_samples(Graph& graph, const Site& at, BufferId gradient, BufferId positions);

// A parameter of the term, else this.
double parameter(const Site& at, const char* name, double otherwise);

}  // namespace scumble
