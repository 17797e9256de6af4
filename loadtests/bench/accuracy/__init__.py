"""What int8 costs in accuracy: the same labelled messages learnt and judged in both precisions."""
