package country

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Copied is what COPY and an index came to.
type Copied struct {
	Rows        int64
	Copy, Index time.Duration
}

// The table of the peer: the product's slots without their index, which is made when the rows are in.
const (
	createCopy = `CREATE SCHEMA peer; CREATE TABLE peer.slots (LIKE reservation.slots INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = 85)`
	copyRows   = `COPY peer.slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) FROM STDIN (FORMAT binary)`
	indexCopy  = `ALTER TABLE peer.slots ADD PRIMARY KEY (pool, slot)`
	dropCopy   = `DROP SCHEMA IF EXISTS peer CASCADE`
)

// Copy writes the slots of so many pools as fast as PostgreSQL takes them: one COPY on one connection in one
// transaction, then the index. The table is gone afterwards.
func Copy(ctx context.Context, dsn string, pools, nights int) (c Copied, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return c, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, dropCopy+"; "+createCopy); err != nil {
		return c, err
	}
	began := time.Now()
	in, out := io.Pipe()
	var g errgroup.Group
	g.Go(func() error {
		w := bufio.NewWriterSize(out, 1<<16)
		writeSlots(w, pools, nights)
		err := w.Flush()
		_ = out.CloseWithError(err) // nil is the end of the file
		return err
	})
	tag, err := conn.PgConn().CopyFrom(ctx, in, copyRows)
	_ = in.CloseWithError(io.ErrClosedPipe) // ends the writer should COPY have failed
	if err != nil {
		return c, fmt.Errorf("copy: %w", err)
	}
	if err := g.Wait(); err != nil {
		return c, err
	}
	c.Rows, c.Copy = tag.RowsAffected(), time.Since(began)
	began = time.Now()
	if _, err := conn.Exec(ctx, indexCopy); err != nil {
		return c, fmt.Errorf("index: %w", err)
	}
	c.Index = time.Since(began)
	_, err = conn.Exec(ctx, dropCopy)
	return c, err
}

// firstSlot is a date; which one does not matter.
const firstSlot = 20_000

// writeSlots writes PostgreSQL's binary format of COPY. Errors stay in the writer until it is flushed.
func writeSlots(w *bufio.Writer, pools, nights int) {
	_, _ = w.WriteString("PGCOPY\n\xff\r\n\x00")
	_, _ = w.Write(make([]byte, 8)) // no flags, no extension
	var row []byte
	int4 := func(v int32) { row = binary.BigEndian.AppendUint32(append(row, 0, 0, 0, 4), uint32(v)) }
	long := func(v int64) { row = binary.BigEndian.AppendUint64(append(row, 0, 0, 0, 8), uint64(v)) }
	boolean := func() { row = append(row, 0, 0, 0, 1, 0) }
	for pool := range pools {
		capacity := int32(1 + pool%mostRooms)
		for night := range nights {
			row = append(row[:0], 0, 12)
			long(int64(pool + 1))
			int4(int32(firstSlot + night))
			int4(capacity)
			int4(0)
			int4(0)
			int4(capacity)
			boolean()
			int4(capacity)
			boolean()
			int4(0)
			int4(0)
			long(1)
			_, _ = w.Write(row)
		}
	}
	_, _ = w.Write([]byte{0xff, 0xff})
}
