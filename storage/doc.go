// Package storage is a durable append-only log of transactions, with failpoints in every window in which another
// goroutine or a fault can strike.
//
// A log is one byte space of framed, checksummed records. Appends encode frames into arenas in memory (the tail). A
// flush writes the same bytes to the same positions of a file, syncs it and publishes how far it came. The file, the
// tail, or both serve a reader, and it never waits for a writer. The analysed bug came from deciding wrongly which of
// them serves which part, so that decision is pluggable: see Handover. Use the default, Snapshot; the others exist to
// compare the bug with its proposed fixes.
//
//	store, err := storage.Open(ctx, dir, storage.Options{Create: true})
//	log, err := store.Log(ctx, "orders")
//	offset, err := log.Append(ctx, storage.Record{Key: key, Value: value})
//	err = log.Flush(ctx)
//	for record, err := range log.Read(ctx, storage.Offset{}, storage.End) { … }
//
// Visible is not durable: every later read sees an append that has returned, but the append survives a crash only after
// a flush has covered it (AppendDurable waits for that).
package storage
