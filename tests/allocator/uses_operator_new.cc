// What no_operator_new.sh must find.
struct Tree {
  virtual ~Tree() = default;
};
Tree* plant() {
  return new Tree;
}
