package fare

import (
	"math"

	"holdfast/stock"
)

// MaxClasses bounds the booking classes of one cabin: letters.
const MaxClasses = 26

// Class is a booking class of a cabin: a bucket of seats under one letter. Lists of classes are ordered highest first.
type Class struct {
	Code      string // one letter
	Protected int32  // seats kept for this class from all lower ones
}

// NestLimits are the targets of the nests of a cabin, highest class first: nest k is the cabin without what is protected
// for the classes above k, never below zero. Nest 0 is the cabin itself.
//
// A sale of class k claims nest k and every nest around it (Claims), so all classes from k down together never sell
// more than nest k holds, and what is protected above them is left, whatever they sell (TestProtectedSeatsSurvive).
func NestLimits(cabin int32, protected []int32) []int32 {
	limits := make([]int32, len(protected))
	left := int64(max(0, cabin))
	for k, p := range protected {
		limits[k] = int32(left)
		left = max(0, left-int64(max(0, p)))
	}
	return limits
}

// Claims is what a sale of a class takes: its own nest and every nest around it, up to the cabin. pools are the nests
// of the cabin, highest first; pools[0] is the cabin.
func Claims(pools []stock.PoolID, class int, from, to stock.Slot, count int32) []stock.Claim {
	claims := make([]stock.Claim, class+1)
	for k := range claims {
		claims[k] = stock.Claim{Pool: pools[k], From: from, To: to, Count: count}
	}
	return claims
}

// Available is how many seats of each class can be sold when the nests have these free: the least of its own and of
// every nest around it. A nest closed for sale counts as none free, and so closes every class below.
func Available(free []int32) []int32 {
	out := make([]int32, len(free))
	least := int32(math.MaxInt32)
	for k, n := range free {
		least = min(least, max(0, n))
		out[k] = least
	}
	return out
}

// Lowest is the lowest class that n seats are open in, which is the cheapest where fares fall with the classes. free
// is what the nests have free, each the least of the slots that are travelled.
func Lowest(free []int32, n int32) (class int, ok bool) {
	for k, f := range free {
		if f < n {
			return k - 1, k > 0
		}
	}
	return len(free) - 1, len(free) > 0
}
