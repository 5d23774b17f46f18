package spec

// A Response is what an operation did when it was executed alone.
type Response struct {
	// Result is what it returned, as text.
	Result string
	// Blocks says that it did not return, because nobody else was there to let it go on.
	Blocks bool
}

// A Sequential executes operations of a program, given by their indexes, one at a time on a fresh subject, and returns what
// each did. It stops after one that blocks. The same order gives the same responses.
type Sequential func(order []int) ([]Response, error)

// A tree remembers the responses of each order that was executed.
type tree struct {
	execute Sequential
	root    node
	nodes   int
}

// A node stands for an order; its response is that of the last operation.
type node struct {
	response Response
	next     map[int]*node
}

// child is the node of an order and one operation more. order leads to n.
func (t *tree) child(n *node, order []int, operation int) (*node, error) {
	if known := n.next[operation]; known != nil {
		return known, nil
	}
	whole := append(append(make([]int, 0, len(order)+1), order...), operation)
	responses, err := t.execute(whole)
	if err != nil {
		return nil, err
	}
	if len(responses) < len(whole) {
		return nil, errUnrepeatable(whole, len(responses))
	}
	if n.next == nil {
		n.next = map[int]*node{}
	}
	added := &node{response: responses[len(whole)-1]}
	n.next[operation] = added
	t.nodes++
	return added, nil
}
