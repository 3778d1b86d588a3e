package hotel

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/civil"
	"holdfast/reservation"
	"holdfast/stock"
)

// An image is a file of the free counts of all pools, from which the view starts without reading every slot of the
// store: two bytes a slot. Prices and restrictions are not in it; they come with the houses. All numbers are little
// endian:
//
//	head    "HOLDVIEW", format (4), horizon (4), written (8, microseconds since 1970), store (32)
//	blocks  of at most imageBlock bytes and one pool: per pool its id (8), first night (4), nights (4), free counts (2 each)
//	foot    marks: count (4), then stream (4), number (8), sum (8); pools (8); blocks: count (4), then length (4), CRC-32C (4)
//	tail    length of the foot (4), CRC-32C of head and foot (4), "HOLDEND1"
//
// The CRC of a block is taken over its number too, so that no block can stand in for another one.
const (
	imageFormat = 1
	imageBlock  = 1 << 20
	imageMagic  = "HOLDVIEW"
	imageEnd    = "HOLDEND1"

	imageHeadBytes = len(imageMagic) + 4 + 4 + 8 + sha256.Size
	imageTailBytes = 4 + 4 + len(imageEnd)
	imagePoolBytes = 8 + 4 + 4
	maxImageFoot   = 64 << 20
)

// errImage means that a file is not an image that can be used; the view is then read from the store.
var errImage = errors.New("image cannot be used")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// imageHead says what an image is of.
type imageHead struct {
	Horizon int
	Written time.Time
	Store   [sha256.Size]byte // tells databases apart
	Marks   reservation.Marks // up to which every event is in it
	Pools   int64
}

// storeOf tells one database from another by a secret that only it has.
func storeOf(secret []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("holdfast hotel view of the store with the secret "), secret...))
}

// imageFree is the free counts of a pool, as they lie in the file.
type imageFree struct {
	pool stock.PoolID
	from civil.Date
	raw  []byte
}

func (c *imageFree) nights() int      { return len(c.raw) / 2 }
func (c *imageFree) free(n int) int32 { return int32(binary.LittleEndian.Uint16(c.raw[2*n:])) }
func (c *imageFree) end() civil.Date  { return c.from.Add(c.nights()) }
func blockSum(n int, block []byte) uint32 {
	var number [4]byte
	binary.LittleEndian.PutUint32(number[:], uint32(n))
	return crc32.Update(crc32.Checksum(number[:], castagnoli), castagnoli, block)
}

// imageWriter writes an image under another name and gives it its own when it is whole and on the disk.
type imageWriter struct {
	path  string
	file  *os.File
	out   *bufio.Writer
	head  []byte
	block []byte
	index []byte // length and CRC of each block written
	pace  func(written int) error
	pools int64
	marks reservation.Marks
}

// createImage begins an image; pace, if any, is asked after each block and may wait or end the writing.
func createImage(path string, h imageHead, pace func(written int) error) (*imageWriter, error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return nil, err
	}
	w := &imageWriter{path: path, file: file, out: bufio.NewWriterSize(file, imageBlock), pace: pace, marks: h.Marks}
	w.head = append(w.head, imageMagic...)
	w.head = binary.LittleEndian.AppendUint32(w.head, imageFormat)
	w.head = binary.LittleEndian.AppendUint32(w.head, uint32(h.Horizon))
	w.head = binary.LittleEndian.AppendUint64(w.head, uint64(h.Written.UnixMicro()))
	w.head = append(w.head, h.Store[:]...)
	if _, err := w.out.Write(w.head); err != nil {
		return nil, errors.Join(err, w.abandon())
	}
	return w, nil
}

// add appends a pool; free gives the count of its n-th night.
func (w *imageWriter) add(pool stock.PoolID, from civil.Date, nights int, free func(n int) int32) error {
	if len(w.block) > 0 && len(w.block)+imagePoolBytes+2*nights > imageBlock {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.block = binary.LittleEndian.AppendUint64(w.block, uint64(pool))
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(from))
	w.block = binary.LittleEndian.AppendUint32(w.block, uint32(nights))
	for n := range nights {
		w.block = binary.LittleEndian.AppendUint16(w.block, uint16(free(n)))
	}
	w.pools++
	return nil
}

func (w *imageWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	sum := blockSum(len(w.index)/8, w.block)
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(len(w.block)))
	w.index = binary.LittleEndian.AppendUint32(w.index, sum)
	if _, err := w.out.Write(w.block); err != nil {
		return err
	}
	written := len(w.block)
	w.block = w.block[:0]
	if w.pace != nil {
		return w.pace(written)
	}
	return nil
}

// finish puts the image in place of the one before.
func (w *imageWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	foot := binary.LittleEndian.AppendUint32(nil, uint32(len(w.marks)))
	for stream, m := range w.marks {
		foot = binary.LittleEndian.AppendUint32(foot, uint32(stream))
		foot = binary.LittleEndian.AppendUint64(foot, uint64(m.N))
		foot = binary.LittleEndian.AppendUint64(foot, m.Sum)
	}
	foot = binary.LittleEndian.AppendUint64(foot, uint64(w.pools))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(w.index)/8))
	foot = append(foot, w.index...)
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(foot)))
	tail = binary.LittleEndian.AppendUint32(tail, crc32.Update(crc32.Checksum(w.head, castagnoli), castagnoli, foot))
	tail = append(tail, imageEnd...)
	for _, part := range [][]byte{foot, tail} {
		if _, err := w.out.Write(part); err != nil {
			return err
		}
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(w.file.Name(), w.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(w.path))
}

// abandon removes what was written; after finish it finds nothing.
func (w *imageWriter) abandon() error {
	_ = w.file.Close() // its content is given up
	if err := os.Remove(w.file.Name()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes a rename survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// image is an open file whose head and foot are whole.
type image struct {
	imageHead
	file   *os.File
	blocks []imageBlockAt
}

type imageBlockAt struct {
	offset int64
	length int
	sum    uint32
}

// openImage reads what a file says of itself. errImage: it is none, or was not written to its end.
func openImage(path string) (*image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	im := &image{file: file}
	if err := im.readEnds(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return im, nil
}

func (im *image) close() error { return im.file.Close() }

func (im *image) readEnds() error {
	info, err := im.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if size < int64(imageHeadBytes+imageTailBytes) {
		return fmt.Errorf("%d bytes: %w", size, errImage)
	}
	head, tail := make([]byte, imageHeadBytes), make([]byte, imageTailBytes)
	if _, err := im.file.ReadAt(head, 0); err != nil {
		return err
	}
	if _, err := im.file.ReadAt(tail, size-int64(imageTailBytes)); err != nil {
		return err
	}
	if string(head[:len(imageMagic)]) != imageMagic || string(tail[8:]) != imageEnd {
		return fmt.Errorf("it does not begin and end as one: %w", errImage)
	}
	if format := binary.LittleEndian.Uint32(head[len(imageMagic):]); format != imageFormat {
		return fmt.Errorf("format %d, this is %d: %w", format, imageFormat, errImage)
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	end := size - int64(imageTailBytes) - length // of the blocks
	if length > maxImageFoot || end < int64(imageHeadBytes) {
		return fmt.Errorf("a foot of %d bytes: %w", length, errImage)
	}
	foot := make([]byte, length)
	if _, err := im.file.ReadAt(foot, end); err != nil {
		return err
	}
	if crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, foot) != binary.LittleEndian.Uint32(tail[4:]) {
		return fmt.Errorf("head or foot is damaged: %w", errImage)
	}
	return im.parse(head[len(imageMagic)+4:], foot, end)
}

// parse reads head and foot, whose checksum was right: what does not fit now was written so.
func (im *image) parse(head, foot []byte, end int64) error {
	var fixed struct {
		Horizon uint32
		Written int64
		Store   [sha256.Size]byte
	}
	r := bytes.NewReader(foot)
	var marks, blocks uint32
	err := binary.Read(bytes.NewReader(head), binary.LittleEndian, &fixed)
	im.Horizon, im.Written, im.Store, im.Marks = int(fixed.Horizon), time.UnixMicro(fixed.Written), fixed.Store, reservation.Marks{}
	read := func(into any) {
		if err == nil {
			err = binary.Read(r, binary.LittleEndian, into)
		}
	}
	read(&marks)
	for range marks {
		var m struct {
			Stream int32
			N      int64
			Sum    uint64
		}
		if read(&m); err != nil {
			break
		}
		im.Marks[m.Stream] = reservation.Mark{N: m.N, Sum: m.Sum}
	}
	read(&im.Pools)
	read(&blocks)
	at := int64(imageHeadBytes)
	for range blocks {
		var b struct{ Length, Sum uint32 }
		if read(&b); err != nil {
			break
		}
		im.blocks = append(im.blocks, imageBlockAt{at, int(b.Length), b.Sum})
		at += int64(b.Length)
	}
	if err != nil || r.Len() != 0 || at != end {
		return fmt.Errorf("its parts do not add up: %w", errImage)
	}
	return nil
}

// read hands over all pools, several at a time from several goroutines. What is handed over is valid during the call.
func (im *image) read(yield func(imageFree) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for n := range im.blocks {
		g.Go(func() error { return im.readBlock(n, yield) })
	}
	return g.Wait()
}

func (im *image) readBlock(n int, yield func(imageFree) error) error {
	at := im.blocks[n]
	block := make([]byte, at.length)
	if _, err := im.file.ReadAt(block, at.offset); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if blockSum(n, block) != at.sum {
		return fmt.Errorf("block %d of %d is damaged: %w", n+1, len(im.blocks), errImage)
	}
	for len(block) > 0 {
		if len(block) < imagePoolBytes {
			return fmt.Errorf("block %d ends within a pool: %w", n+1, errImage)
		}
		c := imageFree{pool: stock.PoolID(binary.LittleEndian.Uint64(block)), from: civil.Date(binary.LittleEndian.Uint32(block[8:]))}
		nights := int64(binary.LittleEndian.Uint32(block[12:]))
		block = block[imagePoolBytes:]
		if nights*2 > int64(len(block)) {
			return fmt.Errorf("block %d ends within a pool: %w", n+1, errImage)
		}
		c.raw, block = block[:2*nights], block[2*nights:]
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}
