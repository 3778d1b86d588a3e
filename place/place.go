// Package place is what places have in common, whatever sells them: names as they are compared, and how far apart two are.
package place

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// letters are those that Unicode does not take apart into a letter and a mark.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ħ", "h", "ı", "i", "æ", "ae", "œ", "oe", "'", "", "’", "")

// between is what stands between the words of a name, or within one without a meaning.
var between = strings.NewReplacer("-", " ", ".", "")

// Plain is text without case, diacritics and apostrophes: "Łódź" is "lodz".
func Plain(s string) string {
	plain := strings.ToLower(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		// A chain and a fold keep state, so each call makes its own: 15 kB that plain names need not pay.
		t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold(), norm.NFC)
		if whole, _, err := transform.String(t, s); err == nil { // always, for valid UTF-8
			plain = whole
		}
	}
	return letters.Replace(plain)
}

// Name is the name of a city or house as such names are compared and searched: plain, single blanks, no points or
// hyphens. "Saint-Denis" is "saint denis", "St. Gallen" is "st gallen".
func Name(s string) string { return strings.Join(strings.Fields(between.Replace(Plain(s))), " ") }

// Words is Name of what is written more tightly, as stations are: words are apart wherever letters and digits end.
// "Frankfurt(Main)Hbf" is "frankfurt main hbf".
func Words(s string) string {
	return strings.Join(strings.FieldsFunc(Plain(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// EarthMetres is the mean radius of the Earth (IUGG).
const EarthMetres = 6_371_008.8

// Metres is the great-circle distance of two points given in degrees, by the haversine formula.
func Metres(latitude1, longitude1, latitude2, longitude2 float64) float64 {
	const degree = math.Pi / 180
	half := func(x float64) float64 { s := math.Sin(x * degree / 2); return s * s }
	h := half(latitude2-latitude1) + math.Cos(latitude1*degree)*math.Cos(latitude2*degree)*half(longitude2-longitude1)
	return 2 * EarthMetres * math.Asin(math.Min(1, math.Sqrt(h)))
}
