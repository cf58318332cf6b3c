"""What can be done with members: one file for each group of verbs, one public function for each verb."""
