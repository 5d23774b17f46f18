package spec

// A Response is what an operation did when executed alone.
type Response struct {
	// Result is what it returned, as text.
	Result string
	// Blocks says that it did not return, because no other thread was there to wake it.
	Blocks bool
}

// A Sequential executes operations of a program, given by their indexes, one at a time on a fresh subject, and returns what
// each did. It stops after one that blocks. Equal orders give equal responses.
type Sequential func(order []int) ([]Response, error)

// A tree remembers the responses in each executed order.
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

// child returns the node of an order plus one operation; order leads to n. rest are the operations that will probably be
// asked for next. They are executed too, because each execution begins from the start.
func (t *tree) child(n *node, order []int, operation int, rest []int) (*node, error) {
	if known := n.next[operation]; known != nil {
		return known, nil
	}
	whole := append(make([]int, 0, len(order)+1+len(rest)), order...)
	whole = append(append(whole, operation), rest...)
	t.executions++
	responses, err := t.execute(whole)
	if err != nil && len(rest) > 0 { // the error may come from rest, which nobody has asked for yet
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

// extend adds the node of one more operation, unless it exists.
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
