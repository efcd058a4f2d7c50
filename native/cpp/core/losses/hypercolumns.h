// Samples of several layers at the same positions, side by side: hypercolumns (Hariharan et al. 2015), as the
// losses of STROTSS and of nearest neighbours compare them. Features stay as they are, so that layers weigh by
// their size. Where the picture is one of the layers it is brought to the range of the network's input (0..1 or
// 0..255), which that size goes by; a term of the picture alone has it in 0..1.
//
// Samples shrink with the picture: a product of 1024 x 5000 x 2179, as STROTSS has it at every size, costs many
// times a network's 64 x 64 pixels. So there are 1024 at most, one for every 128 pixels, but 64 at least; and five
// times as many of the style, over all its images. Even so they are no small part: measured on a CPU, an iteration
// of all four terms of STROTSS takes 1.45 to 1.9 times as long as one of a Gram objective.
//
//   coverage        guide: of a mask; out: sums of its square, along every row and down the rows
//   draw            in: features, of whose grid cells are drawn by `seed`, anew in every evaluation, other: coverage of the
//                   same grid or none; out: their centres, y and x in 0..1, as a matrix of two columns
//   sample          in: features or the picture, other: positions, from first_row on; out: scale * features there,
//                   bilinear, from column first_channel on; a grid fills the unit square, whatever its layer's size
//   sample_back     in: gradient of the samples, other, first_channel; out: scale * the gradient of the features
#pragma once

#include "loss.h"

namespace scumble {

// Of the first place, which is the finest: where a mask covers it, or anywhere. Once for all in a description,
// in every evaluation anew in an iteration, where what can be is prepared.
BufferId draw(Graph& graph, const Site& at, int count, uint64_t seed);
// The same of cells of another grid: its shape, and what masks it.
BufferId draw_on(Graph& graph, const Site& at, const Place& on, int count, uint64_t seed);

// The channels of all places.
int channels_of(const Site& at);

// A row for each of `count` positions, from this one on.
BufferId sample(Graph& graph, const Site& at, BufferId positions, int count, int first = 0);
// Rows scaled to length 1 (unit_rows; in: a matrix; out: the same, which may be that matrix).
BufferId unit_rows(Graph& graph, BufferId matrix, const Shape& shape);
// The gradient of that (unit_rows_back; in: the gradient of unit rows, other: the matrix; out: scale * its).
BufferId unit_rows_back(Graph& graph, BufferId gradient, BufferId matrix, const Shape& shape);

// Rows less their mean (centre, see moments.cpp), which is its own gradient.
BufferId centred(Graph& graph, BufferId matrix, const Shape& shape);
// In preparation: rows scaled to length 1 where they lie, and less their mean before that, from one buffer to another or
// the same.
void prepare_units(Graph& graph, BufferId matrix);
void prepare_directions(Graph& graph, BufferId matrix, const Shape& shape, BufferId to);

// Contributes the gradient at the place that is differentiated, of samples whose gradient is given.
void contribute_samples(Graph& graph, const Site& at, BufferId gradient, BufferId positions);

// Which of other rows, of length 1 as these, is nearest to each: a step to be emitted or prepared, once panels of the
// others are (nearest and panels; see nearest.cpp).
Step nearest_of(Graph& graph, BufferId rows, const Shape& shape, BufferId panels);
BufferId panels_of(Graph& graph, BufferId rows, const Shape& shape);
// Emits the term's loss, w * the mean over rows of length 1 of 1 - cos with what each is matched with, and returns its
// gradient (matched; see nearest.cpp).
BufferId matched(Graph& graph, const Site& at, BufferId rows, const Shape& shape, BufferId others,
                 BufferId matches);

// How many of the picture (`samples`), and of all style images or of one that has this share of them
// (`styleSamples`), unless the term's parameters say so. Throws InvalidArgument.
int samples_of(const Graph& graph, const Site& at);
int style_samples_of(const Graph& graph, const Site& at, double share);
int all_style_samples_of(const Graph& graph, const Site& at);

}  // namespace scumble
