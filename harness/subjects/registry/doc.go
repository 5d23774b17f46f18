// Package registry is a small publish and subscribe layer on storage.Store, with the other bug of the analysed system in
// it: the order in which a subscription is removed. It is a subject of package cases, the first that is no log.
//
// A subscription has a handle, a log of that name, a status (live or not), a route from its shape to it, and, while it is
// awake, a consumer: a task that appends what it is sent to the log. Publish asks the router for the handles of a
// transaction's shapes, looks their consumers up, starts those that are missing and whose status is live, sends, and
// waits until each has acknowledged. A consumer that is missing and cannot be started is nil; to send to it is the crash.
//
// # The orders of a removal
//
//   - StatusFirst, the analysed system's: the status goes, the consumer is stopped and its log closed; the router's
//     removal is asked for and happens later, with others of its kind. Whoever publishes until then crashes.
//   - FilterNil, the first fix that its analysis names: the same, and Publish leaves out the consumers that are nil.
//   - Reorder, the second: the route goes first and at once, then the consumer, then the status.
//   - Checked is not the seed's. It is FilterNil, and a consumer enters the table only while its subscription is live.
//
// In the analysed system one process publishes and changes routes, so that neither happens during the other; the
// registry's turn (a lock) stands for it. Options.Concurrent gives that up, as an optimisation would, to find out which
// of the fixes lean on it.
package registry
