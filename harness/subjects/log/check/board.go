package check

import "github.com/racewindow/racewindow/failpoints/raceoff"

// A Board is where clients publish what was acknowledged to them, and look up what was acknowledged to any client. It causes no
// false alarms: an append is published after it returned and looked up before a read is invoked, so the read must yield it.
// The race detector does not see the board, so the board adds no happens-before edge between clients.
type Board struct {
	acknowledged raceoff.Number
	clients      []clientBoard
	newest       []raceoff.Number // packed, by transaction number
}

// rememberedTransactions is the number of newest transactions whose owners a board remembers, unless the run has fewer. With
// them a reader notices at once that a transaction has the records of another one.
const rememberedTransactions = 4096

// owner packs a transaction into one word, so that it is written atomically: 20 bits of its number above the index into the
// board, 20 bits of the client, 24 bits of the client's sequence number. A transaction that does not fit is not remembered.
func (b *Board) owner(client, sequence uint32, tx uint64) uint64 {
	if client >= 1<<20 || sequence >= 1<<24 {
		return 0
	}
	return tx/uint64(len(b.newest))<<44 | uint64(client)<<24 | uint64(sequence)
}

// otherOwner returns the append that was acknowledged as transaction tx, if the board remembers it and it is not the given one.
func (b *Board) otherOwner(client, sequence uint32, tx uint64) (otherClient, otherSequence uint32, other bool) {
	have, want := b.newest[tx%uint64(len(b.newest))].Load(), b.owner(client, sequence, tx)
	if have == 0 || want == 0 || have == want || have>>44 != want>>44 {
		return 0, 0, false
	}
	return uint32(have >> 24 & (1<<20 - 1)), uint32(have & (1<<24 - 1)), true
}

// A clientBoard holds sequence numbers, 0 for none. A client has at most one append whose outcome is open (failed).
type clientBoard struct {
	invoked, acknowledged, failed raceoff.Number
	_                             [40]byte
}

// NewBoard makes the board of a run with that many clients, numbered from 0.
func NewBoard(clients int) *Board { return NewSmallBoard(clients, rememberedTransactions) }

// NewSmallBoard is NewBoard for a run of at most so many transactions. If there are more, it remembers only so many of the
// newest.
func NewSmallBoard(clients, transactions int) *Board {
	remembered := min(max(transactions, 1), rememberedTransactions)
	return &Board{clients: make([]clientBoard, clients), newest: make([]raceoff.Number, remembered)}
}

// Clear empties the board for another run. Nobody may use it meanwhile.
func (b *Board) Clear() {
	b.acknowledged.Store(0)
	clear(b.clients)
	clear(b.newest)
}

// Invoke records that a client is about to append its transaction with a sequence number.
func (b *Board) Invoke(client, sequence uint32) { b.clients[client].invoked.Store(uint64(sequence)) }

// Acknowledge records that the append returned and its transaction got the number tx.
func (b *Board) Acknowledge(client, sequence uint32, tx uint64) {
	b.clients[client].acknowledged.Store(uint64(sequence))
	b.newest[tx%uint64(len(b.newest))].Store(b.owner(client, sequence, tx))
	b.acknowledged.Raise(tx)
}

// Fail records that the append returned an error: it may or may not have happened. The client must not append again until a
// Scan after a reopen has settled which. If it never happened, its sequence number is free again.
func (b *Board) Fail(client, sequence uint32) { b.clients[client].failed.Store(uint64(sequence)) }

// Failed is the client's append whose outcome is open, 0 for none.
func (b *Board) Failed(client uint32) uint32 { return uint32(b.clients[client].failed.Load()) }

// settle records whether the client's failed append happened.
func (b *Board) settle(client uint32, happened bool) {
	c := &b.clients[client]
	failed := c.failed.Load()
	if happened {
		c.acknowledged.Raise(failed)
	} else if failed != 0 {
		c.invoked.Store(failed - 1)
	}
	c.failed.Store(0)
}

// Acknowledged is the highest transaction number that was acknowledged to any client, 0 for none.
func (b *Board) Acknowledged() uint64 { return b.acknowledged.Load() }

// Invoked is the sequence number of the last transaction that the client has begun to append, 0 for none.
func (b *Board) Invoked(client uint32) uint32 {
	if int64(client) >= int64(len(b.clients)) {
		return 0
	}
	return uint32(b.clients[client].invoked.Load())
}

// invoked reports whether the client has begun to append its transaction with a sequence number.
func (b *Board) invoked(client, sequence uint32) bool {
	return uint64(client) < uint64(len(b.clients)) && uint64(sequence) <= b.clients[client].invoked.Load()
}
