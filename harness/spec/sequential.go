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
	execute    Sequential
	root       node
	executions int
}

// A node stands for an order; its response is that of the last operation.
type node struct {
	response Response
	next     map[int]*node
}

// child is the node of an order and one operation more. order leads to n. What is likely to be asked for next is executed with it,
// because each execution begins from the start: rest are operations after that one.
func (t *tree) child(n *node, order []int, operation int, rest []int) (*node, error) {
	if known := n.next[operation]; known != nil {
		return known, nil
	}
	whole := append(make([]int, 0, len(order)+1+len(rest)), order...)
	whole = append(append(whole, operation), rest...)
	t.executions++
	responses, err := t.execute(whole)
	if err != nil && len(rest) > 0 { // nobody has asked for these
		return t.child(n, order, operation, nil)
	}
	if err != nil {
		return nil, err
	}
	if len(responses) < len(order)+1 {
		return nil, errUnrepeatable(whole[:len(order)+1], len(responses))
	}
	at := n
	for i := len(order); i < len(responses); i++ {
		at = at.extend(whole[i], responses[i])
	}
	return n.next[operation], nil
}

// extend adds the node of one operation more, unless it is known.
func (n *node) extend(operation int, r Response) *node {
	if known := n.next[operation]; known != nil {
		return known
	}
	if n.next == nil {
		n.next = map[int]*node{}
	}
	n.next[operation] = &node{response: r}
	return n.next[operation]
}
