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
//
// # The points
//
// The catalogue of package failpoints lists the engine's only. These are the registry's; a test holds the table against
// the source.
//
//	subscribe/begun        there is nothing yet
//	subscribe/issued       the handle has a number and nothing else
//	subscribe/live         live without a route: nobody publishes to it yet
//	subscribe/started      its consumer waits, and nothing can come
//	suspend/begun          the subscription may be removed before it is suspended
//	suspend/before-dismiss a subscription that goes to sleep may be sent to just now
//	publish/before-route   nothing is chosen
//	publish/routed         the handles are chosen; what they stand for may be removed before it is looked up
//	publish/before-lookup  one consumer after the other is looked up
//	publish/before-send    the consumers are in hand and may be stopped
//	start/before-status    a consumer is missing; the subscription may have been removed
//	start/live             live a moment ago: a removal from here on finds no consumer to stop
//	start/opened           the log is open and not in the table
//	start/log-open         the log is open and has no consumer
//	consumer/next          the consumer looks for work, or for the word to stop
//	consumer/received      a transaction is taken and not appended
//	consumer/ending        what it had not begun is refused, and it has not ended
//	consumer/appended      appended and not acknowledged
//	remove/begun           nothing is removed
//	remove/retired         no longer live, all else as before: the seed's window begins
//	remove/dismissed       no status and no consumer, and the route still there
//	remove/unrouted        with the route first: no route, all else as before
//	remove/stopped         with the route first: live, and no consumer; whoever has its handle can start another one
//	dismiss/found          the consumer may be sent to before it is told to stop
//	dismiss/stopped        the consumer has ended, its log is open
//	dismiss/log-closed     the log is closed, the table still names it
//	dismiss/closed         no log is open, the table still names the consumer
//	dismiss/struck         another consumer may be started, those who wait do not know
//	router/batch           the router's removals have waited long enough
//	router/before-unroute  a batch is done one route after the other
//	router/ending          all is done, and those who wait do not know
//	settle/begun           what was asked before may be done already
//	router/unrouted        the routes are gone, those who wait for it do not know
//	turn/publish           a publication waits for its turn
//	turn/route             a change of routes waits for its turn
//	publish/acknowledged   a publication waits for a consumer
//	publish/gone           a publication waits for a consumer that was stopped to leave the table
//	consumer/wake          a consumer waits for work
//	dismiss/ended          a removal waits for the consumer to end
//	dismiss/gone           a removal waits for another one that was first
//	router/wake            the router waits for requests
//	router/gather          the router waits for more of them
//	router/ended           closing waits for the router
//	settle/done            a caller waits until the router has done what was asked of it
package registry
