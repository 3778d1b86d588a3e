package feed

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll reads a table to its end: "line: a|b" for records, "line! code" for refused lines.
func readAll(t *testing.T, file io.Reader, columns ...string) (rows []string, err error) {
	t.Helper()
	table, err := NewTable(file)
	if err != nil {
		return nil, err
	}
	for {
		r, err := table.Next()
		var bad *Error
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.As(err, &bad) && !bad.Fatal:
			rows = append(rows, fmt.Sprintf("%d! %s", bad.Line, bad.Code))
		case err != nil:
			return rows, err
		default:
			var fields []string
			for _, c := range columns {
				fields = append(fields, r.Get(c))
			}
			rows = append(rows, fmt.Sprintf("%d: %s", r.Line, strings.Join(fields, "|")))
		}
	}
}

func TestTable(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"plain":         {"a,b\n1,2\n3,4\n", []string{"2: 1|2", "3: 3|4"}},
		"no last break": {"a,b\n1,2", []string{"2: 1|2"}},
		"mark":          {"\xef\xbb\xbfa,b\r\n1,2\r\n", []string{"2: 1|2"}},
		"blanks":        {" a , b\n 1 ,\t2\n", []string{"2: 1|2"}},
		"quotes":        {"a,b\n\"x, \"\"y\"\"\",\"two\nlines\"\n5,6\n", []string{"2: x, \"y\"|two\nlines", "4: 5|6"}},
		"quoted header": {"\"a\",\"b\"\n1,2\n", []string{"2: 1|2"}},
		"empty lines":   {"a,b\n\n1,2\n\n\n3,4\n", []string{"3: 1|2", "6: 3|4"}},
		"other order":   {"b,x,a\n1,2,3\n", []string{"2: 3|1"}},
		"header alone":  {"a,b\n", nil},
		"bad lines":     {"a,b\n1\n1,2,3\n\xff,2\nx\"y,2\n7,8\n", []string{"2! wrong_field_count", "3! wrong_field_count", "4! not_utf8", "5! bad_quotes", "6: 7|8"}},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.file), iotest.OneByteReader(strings.NewReader(c.file))} {
			got, err := readAll(t, r, "a", "b")
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	}
}

// endless gives a text again and again.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestTableBounds(t *testing.T) {
	for name, c := range map[string]struct {
		file io.Reader
		code string
	}{
		"nothing":        {strings.NewReader(""), "empty_file"},
		"mark alone":     {strings.NewReader("\xef\xbb\xbf"), "empty_file"},
		"twice":          {strings.NewReader("a,b,a\n"), "repeated_column"},
		"bad header":     {strings.NewReader("a,b\"c\n"), "bad_quotes"},
		"latin-1":        {strings.NewReader("h\xf4tel,b\n"), "not_utf8"},
		"wide":           {strings.NewReader(strings.Repeat("a,", MaxColumns) + "\n"), "too_many_columns"},
		"endless header": {endless("x"), "line_too_long"},
		"endless line":   {io.MultiReader(strings.NewReader("a,b\n1,2\n"), endless("x")), "line_too_long"},
		"open quote":     {io.MultiReader(strings.NewReader("a,b\n1,\""), endless("x\n")), "line_too_long"},
		"endless rows":   {io.MultiReader(strings.NewReader("a,b\n"), endless("1,2\n")), "too_many_rows"},
		"endless breaks": {io.MultiReader(strings.NewReader("a,b\n"), endless("\n")), "line_too_long"},
	} {
		rows, err := readAll(t, c.file, "a")
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != c.code || !bad.Fatal || len(rows) > MaxRows {
			t.Errorf("%s: %d rows, %v; want %s", name, len(rows), err, c.code)
		}
	}
	if _, err := readAll(t, iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an error of the reader comes out as %v", err)
	}
}

func TestHotels(t *testing.T) {
	const file = "id,hotel,total_rooms,latitude,longitude,postal_code,unknown\n 7 ,Inn,12,1.5,-2,012345,x\n"
	h, err := NewHotels(strings.NewReader(file), map[string]string{"name": "hotel"}, "id")
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Next()
	want := HotelRow{Line: 2, Name: "Inn", Rooms: "12", PostalCode: "012345", Latitude: "1.5", Longitude: "-2", Identity: "7"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if !h.Has("postal_code") || h.Has("stars") {
		t.Error("Has does not tell what the file tells")
	}
	if _, err := h.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last row: %v", err)
	}
	for name, c := range map[string]struct {
		columns  map[string]string
		identity string
		code     string
	}{
		"name is elsewhere":   {nil, "", "missing_column"},
		"identity is missing": {map[string]string{"name": "hotel"}, "key", "missing_column"},
		"named and missing":   {map[string]string{"name": "hotel", "stars": "class"}, "", "missing_column"},
		"no such field":       {map[string]string{"name": "hotel", "star": "id"}, "", "unknown_field"},
	} {
		_, err := NewHotels(strings.NewReader(file), c.columns, c.identity)
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != c.code || !bad.Fatal {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// FuzzHotels: whatever a file holds, reading it ends, within its bounds and with lines that go forward.
func FuzzHotels(f *testing.F) {
	f.Add("name,total_rooms,latitude,longitude\nInn,4,1,2\n")
	f.Add("\xef\xbb\xbfname,total_rooms,latitude,longitude\r\n\"a\nb\",4,1,2\r\n\"open,1,1,1\n")
	f.Add("name,name\n")
	f.Fuzz(func(t *testing.T, file string) {
		h, err := NewHotels(strings.NewReader(file), nil, "")
		if err != nil {
			return
		}
		line := 1
		for range len(file) + 1 {
			row, err := h.Next()
			var bad *Error
			if errors.As(err, &bad) && !bad.Fatal {
				row.Line = bad.Line
			} else if err != nil {
				return
			}
			if row.Line <= line {
				t.Fatalf("line %d after line %d", row.Line, line)
			}
			line = row.Line
		}
		t.Fatal("more rows than bytes")
	})
}
