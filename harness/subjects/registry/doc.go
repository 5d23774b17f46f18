// Package registry is a subject that shows the other bug of the analysed system: the order in which a subscription is removed.
// It is a small publish and subscribe layer on storage.Store.
//
// A subscription has a handle, a log of that name, a status (live or not), a route from its shape to it, and, while it is
// awake, a consumer: a task that appends what is sent to it to the log. Publish finds the handles of a transaction's shapes in
// the routes, looks up their consumers, starts those that are missing and whose status is live, sends the transaction, and waits
// until each has acknowledged. A consumer that is missing and cannot be started is nil, and sending to it crashes.
//
// # The orders of a removal
//
//   - StatusFirst is the analysed system's order. The status is removed, then the consumer is stopped and its log closed. The
//     router is asked to remove the route, and does so later, together with others. A publication before that crashes.
//   - FilterNil is the first fix that the analysis names: the same order, and Publish leaves out the consumers that are nil.
//   - Reorder is the second fix: the route is removed first and at once, then the consumer, then the status.
//   - Checked is not from the analysis. It is FilterNil, and a consumer enters the table only while its subscription is live.
//
// In the analysed system one process publishes and changes routes, so that neither happens during the other. A lock, the
// registry's turn, does the same here. Options.Concurrent gives it up, as an optimisation would, to find out which fixes depend
// on it.
package registry
