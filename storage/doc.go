// Package storage is a durable append-only log of transactions, with failpoints in every window in which another
// goroutine or a fault can strike.
//
// A log is one byte space of framed, checksummed records. Appends encode frames into arenas in memory (the tail); a
// flush writes the same bytes to the same positions of a file, syncs it and publishes how far it came. A reader is
// served by the file, the tail, or both, and never waits for a writer. Who serves which part is the question on which
// the analysed bug turned, so the answer is pluggable: see Handover. The default is Snapshot, and it is the one to use;
// the others exist so that the bug and its proposed fixes can be compared.
//
//	store, err := storage.Open(ctx, dir, storage.Options{Create: true})
//	log, err := store.Log(ctx, "orders")
//	offset, err := log.Append(ctx, storage.Record{Key: key, Value: value})
//	err = log.Flush(ctx)
//	for record, err := range log.Read(ctx, storage.Offset{}, storage.End) { … }
//
// Visible is not durable: an append that returned is seen by every later read, and survives a crash only once a flush
// has covered it (AppendDurable waits for that).
package storage
