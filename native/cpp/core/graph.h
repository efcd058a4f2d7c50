// Builds a plan: the chain of each network's layers forward, what the terms make of them, and the gradient
// back to the picture. It asks a backend for sizes only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "plan.h"

namespace scumble {

// What a backend's memory takes.
class Sizes {
 public:
  virtual ~Sizes() = default;
  virtual size_t tensor_bytes(const Shape& shape) const = 0;
  // What an operation works in beside its input and output, for features of this shape: the sums that
  // another one finishes, or scratch.
  virtual size_t working_bytes(std::string_view op, const Shape& features) const = 0;
};

class Loss;

// A plan whose preparation is a picture's way to the last layer's outputs, and whose run is the way back from their
// gradient, which is given, to the features of the last convolution.
struct Recognition {
  Plan plan;
  BufferId features = kNoBuffer;  // of the ReLU behind the last convolution
  BufferId gradient = kNoBuffer;  // with respect to them
  BufferId logits = kNoBuffer;    // the last layer's outputs, at every position that its window has
  BufferId given = kNoBuffer;     // the gradient with respect to these
};

// One of the layers that a term looks at, or the picture.
struct Place {
  Shape shape;  // of the features
  BufferId features = kNoBuffer;
  BufferId guide = kNoBuffer;  // the mask on the features' grid: what they are multiplied with
};

// Where a term looks: at the place at hand, and at all of them.
struct Site : Place {
  const Term* term = nullptr;
  const Loss* loss = nullptr;
  const Target* target = nullptr;  // whose statistic is collected, if that is what happens
  int slot = -1;
  int place = 0;              // which of `places` is at hand: in differentiate(), the one to differentiate by
  std::vector<Place> places;  // in the order of the term's layers
  std::vector<BufferId> targets;
  std::vector<BufferId> kept;  // from measure() to differentiate()
};

class Graph {
 public:
  Graph(const Sizes& sizes, const Architectures& networks, const PlanRequest& request);

  // The whole plan, not placed yet; `persistent` are the buffers that live throughout.
  Plan iteration();
  Plan collect(int image);
  Recognition recognition();
  const std::vector<BufferId>& persistent() const { return persistent_; }

  // What losses build with.
  BufferId tensor(const Shape& shape);
  BufferId dense(const Shape& shape);
  BufferId working(std::string_view op, const Shape& features);
  // A buffer for what the term compares with, or makes that of in preparation.
  BufferId target(Site& at, BufferKind kind, const Shape& shape);
  // The features of a site, multiplied by its guide if it has one.
  BufferId guided(const Site& at);
  // A site's mask on a grid that is none of its layers'; none where it has no mask.
  BufferId guide_on(const Site& at, const Shape& grid);
  void emit(const Step& step);
  // Emits a step that runs once, when the targets are there. What it makes for iterations stays.
  void prepare(const Step& step);
  // A seed of the term's own, the same in every plan.
  uint64_t seed(const Site& at) const;
  // The picture that the run makes, whatever image this plan is for.
  Shape optimised() const;
  // That picture's shape at the first layer of the term.
  Shape optimised_at(const Site& at) const;
  // What the picture is multiplied with to be in the range of the term's network.
  double range(const Site& at) const;
  // Emits a step whose `out` is the gradient at the site being differentiated: the first one overwrites,
  // later ones add, and the last one applies the ReLU's mask.
  void contribute(Step step);

 private:
  // A term's site, the mask that becomes its guides, and how many of its places are not known yet.
  struct Look {
    Look(const Term& term, int slot, int mask);

    Site site;
    int mask;
    size_t missing;
  };
  // One of the places of a look.
  struct Glance {
    Look* look;
    int place;
  };
  // A point of the chain that a term may look at: the network's input, a convolution or dense layer (with its ReLU
  // where nothing looks in between), a lone ReLU, or a pool.
  struct Node {
    LayerKind kind = LayerKind::conv;
    std::string name;
    bool input = false;
    bool fused_relu = false;
    int convolution = -1;
    int dense = -1;
    Shape shape;
    BufferId features = kNoBuffer;
    std::vector<Glance> looks;
  };
  // A gradient that several steps add up to.
  struct Writing {
    BufferId gradient = kNoBuffer;
    BufferId mask = kNoBuffer;
    size_t left = 0;
    bool first = true;
  };
  std::vector<Look> looks_of_picture() const;
  std::vector<Look> looks_at(int image) const;
  static std::vector<Glance> looks_at_layer(std::vector<Look>& looks, int network, const std::string& layer);
  static std::vector<Glance> looks_at_picture(std::vector<Look>& looks);
  std::vector<Node> chain(int network, std::vector<Look>& looks) const;
  void begin_with_variable();
  void end_with_variable();
  void forward(int network, std::vector<Node>& nodes, size_t n);
  void backward(int network, std::vector<Node>& nodes);
  Step back(int network, const Node& node, const Node& next, BufferId gradient);
  BufferId dense_scratch(int network, const Node& node);
  void write(Writing& writing, Step step);
  void differentiate(Writing& writing, const Glance& glance);
  void differentiate(Writing& writing, Site& at);
  void arrive(const Glance& glance, const Shape& shape, BufferId features);
  void measure(const std::vector<Glance>& arrived);
  void describe(const std::vector<Glance>& arrived);
  void put_preparation_first();
  BufferId guide(int mask, const Shape& shape);
  BufferId buffer(BufferKind kind, const Shape& shape, size_t bytes);
  BufferId persistent(BufferId id);

  const Sizes& sizes_;
  const Architectures& networks_;
  const PlanRequest& request_;
  Plan plan_;
  std::vector<Step> preparation_;
  std::vector<BufferId> persistent_;
  std::map<std::tuple<int, int, int>, BufferId> guides_;  // by mask, height and width
  Writing picture_;                                       // the picture's gradient
  Writing* writing_ = nullptr;                            // the gradient at the site being differentiated
};

}  // namespace scumble
